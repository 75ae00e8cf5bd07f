"""The REST API: the same on agency hosts and on the public host, where the key names the agency."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from tenants.access import is_open

_open = is_open("The API's description tells nothing of any agency.")

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include("stores.api.urls")),
    path("v1/", include("scoring.api.urls")),
    path("v1/", include("tenants.api.urls")),
    path(
        "schema/",
        _open(SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[])),
        name="schema",
    ),
    path(
        "docs/",
        _open(
            SpectacularSwaggerSplitView.as_view(
                url_name="schema", authentication_classes=[], permission_classes=[]
            )
        ),
        name="docs",
    ),
]
