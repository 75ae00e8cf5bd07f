"""Pages of the public host; allauth's stand beside them under /accounts/."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from tenants.views import accounts, mail, people, public, service

_pages: list[URLPattern | URLResolver] = [
    path("", public.home, name="home"),
    path("agencies/", public.my_agencies, name="agencies"),
    path("agencies/new/", public.found, name="found"),
    path("agencies/<slug:slug>/preparing/", public.preparing, name="preparing"),
    path("enter/<slug:slug>/", public.enter, name="enter"),
    path("join/<str:token>/", people.join, name="join"),
    path("dev/mail/", mail.sent_mails, name="mails"),
    path("dev/mail/<str:name>/", mail.sent_mail, name="mail"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((_pages, "tenants"))),
    # Before allauth's own page of this name and address.
    re_path(
        r"^accounts/confirm-email/(?P<key>[-:\w]+)/$",
        accounts.ConfirmEmail.as_view(),
        name="account_confirm_email",
    ),
    path("language/", public.choose_language, name="set_language"),
    path("csp-report/", service.csp_report, name="csp_report"),
    path("healthz", service.healthz, name="healthz"),
    path("readyz", service.readyz, name="readyz"),
    path("metrics", service.metrics, name="metrics"),
]
