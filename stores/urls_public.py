"""This room's doors on the public host."""

from django.urls import URLPattern, URLResolver, path

from stores.views import connect, hooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("oauth/<slug:marketplace>/callback", connect.callback, name="oauth_callback"),
    path("hooks/<slug:marketplace>/", hooks.push, name="push"),
]
