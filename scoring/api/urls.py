from django.urls import path

from scoring.api import foresight, roll_offs, views

urlpatterns = [
    path("roll-offs/", roll_offs.RollOffsView.as_view()),
    path("stores/<str:pk>/rating/", views.RatingView.as_view()),
    path("stores/<str:pk>/ledger/", views.LedgerView.as_view()),
    path("stores/<str:pk>/forecast/", foresight.ForecastView.as_view()),
    path("stores/<str:pk>/what-if/", foresight.WhatIfView.as_view()),
    path("stores/<str:pk>/platform-ratings/", views.PlatformRatingsView.as_view()),
]
