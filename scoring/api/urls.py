from django.urls import path

from scoring.api import explain, rulebooks, views

urlpatterns = [
    path("rulebooks/", rulebooks.RulebooksView.as_view()),
    path("rulebooks/<path:name>/difference/", rulebooks.DifferenceView.as_view()),
    path("rulebooks/<path:name>/figures/", rulebooks.FiguresView.as_view()),
    path("rulebooks/<path:name>/", rulebooks.RulebookView.as_view()),
    path("stores/<str:pk>/rating/", views.RatingView.as_view()),
    path("stores/<str:pk>/ledger/", views.LedgerView.as_view()),
    path("stores/<str:pk>/platform-ratings/", views.PlatformRatingsView.as_view()),
    path("stores/<str:pk>/explanation/", explain.ExplanationView.as_view()),
    path("stores/<str:pk>/waterfall/", explain.WaterfallView.as_view()),
    path("changes/", explain.ChangesView.as_view()),
]
