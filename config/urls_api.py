"""The REST API: the same on agency hosts and on the public host, where the key names the agency."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
