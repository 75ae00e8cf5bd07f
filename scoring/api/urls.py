from django.urls import path

from scoring.api import foresight, views

urlpatterns = [
    path("stores/<str:pk>/rating/", views.RatingView.as_view()),
    path("stores/<str:pk>/ledger/", views.LedgerView.as_view()),
    path("stores/<str:pk>/forecast/", foresight.ForecastView.as_view()),
    path("stores/<str:pk>/what-if/", foresight.WhatIfView.as_view()),
    path("stores/<str:pk>/platform-ratings/", views.PlatformRatingsView.as_view()),
]
