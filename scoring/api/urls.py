from django.urls import path

from scoring.api import drift, explain, foresight, quizzes, roll_offs, rulebooks, views

urlpatterns = [
    path("roll-offs/", roll_offs.RollOffsView.as_view()),
    path("rulebooks/", rulebooks.RulebooksView.as_view()),
    path("rulebooks/<path:name>/difference/", rulebooks.DifferenceView.as_view()),
    path("rulebooks/<path:name>/figures/", rulebooks.FiguresView.as_view()),
    path("rulebooks/<path:name>/", rulebooks.RulebookView.as_view()),
    path("stores/<str:pk>/rating/", views.RatingView.as_view()),
    path("stores/<str:pk>/ledger/", views.LedgerView.as_view()),
    path("stores/<str:pk>/forecast/", foresight.ForecastView.as_view()),
    path("stores/<str:pk>/what-if/", foresight.WhatIfView.as_view()),
    path("stores/<str:pk>/platform-ratings/", views.PlatformRatingsView.as_view()),
    path("stores/<str:pk>/explanation/", explain.ExplanationView.as_view()),
    path("stores/<str:pk>/waterfall/", explain.WaterfallView.as_view()),
    path("changes/", explain.ChangesView.as_view()),
    path("drift/", drift.DriftView.as_view()),
    path("stores/<str:pk>/drift/", drift.StoreDriftView.as_view()),
    path("quizzes/", quizzes.QuizzesView.as_view()),
    path("quizzes/<str:pk>/pass/", quizzes.PassQuizView.as_view()),
    path("quizzes/<str:pk>/withdraw/", quizzes.WithdrawQuizView.as_view()),
]
