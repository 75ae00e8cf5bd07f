from django.urls import path

from scoring import views, views_drift, views_foresight, views_quizzes

app_name = "scoring"

urlpatterns = [
    path("rulebooks/", views.rulebooks, name="rulebooks"),
    path("rulebooks/<path:name>/stores/<str:pk>/", views.rulebook_store, name="rulebook_store"),
    path("rulebooks/<path:name>/stores/", views.rulebook_stores, name="rulebook_stores"),
    path(
        "rulebooks/<path:name>/difference/", views.rulebook_difference, name="rulebook_difference"
    ),
    path("rulebooks/<path:name>/figures/", views.switch_figures, name="switch_figures"),
    path("rulebooks/<path:name>/", views.rulebook, name="rulebook"),
    path("changes/", views.changes, name="changes"),
    path("roll-offs/", views_foresight.calendar, name="calendar"),
    path("stores/<str:pk>/what-if/", views_foresight.what_if, name="what_if"),
    path("stores/<str:pk>/ledger/new/", views.adjust, name="adjust"),
    path("stores/<str:pk>/platform-ratings/new/", views.platform_rating, name="platform_rating"),
    path("drift/", views_drift.fleet_drift, name="drift"),
    path("stores/<str:pk>/drift/", views_drift.store_drift, name="store_drift"),
    path("stores/<str:pk>/drift/act/", views_drift.act, name="drift_act"),
    path("stores/<str:pk>/drift/same/", views_drift.same, name="drift_same"),
    path("stores/<str:pk>/drift/explain/", views_drift.explain, name="drift_explain"),
    path("quizzes/", views_quizzes.quizzes, name="quizzes"),
    path("quizzes/new/", views_quizzes.choose, name="quiz_choose"),
    path("stores/<str:pk>/quizzes/new/", views_quizzes.record, name="quiz_new"),
    path("quizzes/<str:pk>/pass/", views_quizzes.pass_quiz, name="quiz_pass"),
    path("quizzes/<str:pk>/withdraw/", views_quizzes.withdraw, name="quiz_withdraw"),
]
