"""Pages, doors for marketplaces, and the API on the public host."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tenants.urls_public")),
    path("", include("stores.urls_public")),
    path("accounts/", include("allauth.urls")),
    path("api/", include("config.urls_api")),
]

handler404 = "tenants.answers.not_found"
handler500 = "tenants.answers.failed"
