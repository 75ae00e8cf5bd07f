from django.urls import path

from scoring.api import views

urlpatterns = [
    path("stores/<str:pk>/rating/", views.RatingView.as_view()),
    path("stores/<str:pk>/ledger/", views.LedgerView.as_view()),
    path("stores/<str:pk>/platform-ratings/", views.PlatformRatingsView.as_view()),
]
