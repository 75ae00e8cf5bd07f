"""This room's doors on the public host."""

from django.urls import URLPattern, URLResolver, path

from stores.views import connect, consent, hooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("oauth/<slug:marketplace>/callback", connect.callback, name="oauth_callback"),
    path("consent/<str:token>/", consent.consent_page, name="consent"),
    path("consent/<str:token>/seen/", consent.seen, name="consent_seen"),
    path("consent/<str:token>/agree/", consent.agree, name="consent_agree"),
    path("consent/<str:token>/refuse/", consent.refuse, name="consent_refuse"),
    path("hooks/<slug:marketplace>/", hooks.push, name="push"),
]
