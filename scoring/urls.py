from django.urls import path

from scoring import views

app_name = "scoring"

urlpatterns = [
    path("rulebooks/", views.rulebooks, name="rulebooks"),
    path("rulebooks/<path:name>/stores/", views.rulebook_stores, name="rulebook_stores"),
    path(
        "rulebooks/<path:name>/difference/", views.rulebook_difference, name="rulebook_difference"
    ),
    path("rulebooks/<path:name>/figures/", views.switch_figures, name="switch_figures"),
    path("rulebooks/<path:name>/", views.rulebook, name="rulebook"),
    path("changes/", views.changes, name="changes"),
    path("stores/<str:pk>/ledger/new/", views.adjust, name="adjust"),
    path("stores/<str:pk>/platform-ratings/new/", views.platform_rating, name="platform_rating"),
]
