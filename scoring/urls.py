from django.urls import path

from scoring.views import changes, drift, entries, foresight, quizzes, rulebooks

app_name = "scoring"

urlpatterns = [
    path("rulebooks/", rulebooks.rulebooks, name="rulebooks"),
    path("rulebooks/<path:name>/stores/<str:pk>/", rulebooks.rulebook_store, name="rulebook_store"),
    path("rulebooks/<path:name>/stores/", rulebooks.rulebook_stores, name="rulebook_stores"),
    path(
        "rulebooks/<path:name>/difference/",
        rulebooks.rulebook_difference,
        name="rulebook_difference",
    ),
    path("rulebooks/<path:name>/figures/", rulebooks.switch_figures, name="switch_figures"),
    path("rulebooks/<path:name>/", rulebooks.rulebook, name="rulebook"),
    path("changes/", changes.changes, name="changes"),
    path("roll-offs/", foresight.calendar, name="calendar"),
    path("stores/<str:pk>/what-if/", foresight.what_if, name="what_if"),
    path("stores/<str:pk>/ledger/new/", entries.adjust, name="adjust"),
    path("stores/<str:pk>/platform-ratings/new/", entries.platform_rating, name="platform_rating"),
    path("drift/", drift.fleet_drift, name="drift"),
    path("stores/<str:pk>/drift/", drift.store_drift, name="store_drift"),
    path("stores/<str:pk>/drift/act/", drift.act, name="drift_act"),
    path("stores/<str:pk>/drift/same/", drift.same, name="drift_same"),
    path("stores/<str:pk>/drift/explain/", drift.explain, name="drift_explain"),
    path("quizzes/", quizzes.quizzes, name="quizzes"),
    path("quizzes/new/", quizzes.choose, name="quiz_choose"),
    path("stores/<str:pk>/quizzes/new/", quizzes.record, name="quiz_new"),
    path("quizzes/<str:pk>/pass/", quizzes.pass_quiz, name="quiz_pass"),
    path("quizzes/<str:pk>/withdraw/", quizzes.withdraw, name="quiz_withdraw"),
]
