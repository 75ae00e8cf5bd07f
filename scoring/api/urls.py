from django.urls import path

from scoring.api import explain, views

urlpatterns = [
    path("stores/<str:pk>/rating/", views.RatingView.as_view()),
    path("stores/<str:pk>/ledger/", views.LedgerView.as_view()),
    path("stores/<str:pk>/platform-ratings/", views.PlatformRatingsView.as_view()),
    path("stores/<str:pk>/explanation/", explain.ExplanationView.as_view()),
    path("stores/<str:pk>/waterfall/", explain.WaterfallView.as_view()),
    path("changes/", explain.ChangesView.as_view()),
]
