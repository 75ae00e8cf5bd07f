"""This room's pages on an agency's host."""

from django.urls import URLPattern, URLResolver, include, path

from tenants.views import door, public, service

_pages: list[URLPattern | URLResolver] = [
    path("handoff/", door.handoff, name="handoff"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((_pages, "tenants"))),
    path("sign-out/", door.sign_out, name="sign_out"),
    path("language/", public.choose_language, name="set_language"),
    path("csp-report/", service.csp_report, name="csp_report"),
]
