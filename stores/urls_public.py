"""This room's doors on the public host."""

from django.urls import URLPattern, URLResolver, path

from stores.views import connect

urlpatterns: list[URLPattern | URLResolver] = [
    path("oauth/<slug:marketplace>/callback", connect.callback, name="oauth_callback"),
]
