"""Pages and API on an agency's host."""

from django.urls import URLPattern, URLResolver, include, path

_ROOMS = ("tenants", "stores", "scoring", "checklist", "appeals")

urlpatterns: list[URLPattern | URLResolver] = [path("", include(f"{room}.urls")) for room in _ROOMS]
urlpatterns.append(path("api/", include("config.urls_api")))

handler404 = "tenants.answers.not_found"
handler500 = "tenants.answers.failed"
