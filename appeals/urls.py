"""This room's pages on an agency's host."""

from django.urls import URLPattern, URLResolver, path

from appeals.views import cases, remediations

app_name = "appeals"

urlpatterns: list[URLPattern | URLResolver] = [
    path("cases/", cases.cases_page, name="cases"),
    path("cases/<uuid:pk>/", cases.case_page, name="case"),
    path("cases/<uuid:pk>/assign/", cases.assign, name="assign_case"),
    path("violations/<uuid:pk>/appeal/", cases.open_violation, name="open"),
    path("violations/<uuid:pk>/correct/", cases.correct, name="correct"),
    path(
        "violations/<uuid:pk>/remediation/",
        remediations.open_for_violation,
        name="remedy_violation",
    ),
    path("enforcements/<uuid:pk>/appeal/", cases.open_enforcement, name="open_enforcement"),
    path("attempts/<uuid:pk>/draft/", cases.save_draft, name="save_draft"),
    path("attempts/<uuid:pk>/request-review/", cases.request_review, name="request_review"),
    path("attempts/<uuid:pk>/return/", cases.return_attempt, name="return"),
    path("attempts/<uuid:pk>/approve/", cases.approve, name="approve"),
    path("attempts/<uuid:pk>/file/", cases.file_attempt, name="file"),
    path("attempts/<uuid:pk>/withdraw/", cases.withdraw, name="withdraw"),
    path("attempts/<uuid:pk>/outcome/", cases.outcome, name="outcome"),
    path("attempts/<uuid:pk>/evidence/", cases.add_evidence, name="add_evidence"),
    path("evidence/<uuid:pk>/", cases.evidence_file, name="evidence"),
    path("evidence/<uuid:pk>/remove/", cases.remove_evidence, name="remove_evidence"),
    path("remediations/", remediations.remediations_page, name="remediations"),
    path("remediations/<uuid:pk>/", remediations.remediation_page, name="remediation"),
    path("remediations/<uuid:pk>/assign/", remediations.assign, name="assign_remediation"),
    path("remediations/<uuid:pk>/steps/", remediations.add_step, name="add_step"),
    path("remediations/<uuid:pk>/complete/", remediations.complete, name="complete"),
    path("remediations/<uuid:pk>/drop/", remediations.drop, name="drop"),
    path("remediations/<uuid:pk>/reopen/", remediations.reopen, name="reopen"),
    path("steps/<uuid:pk>/", remediations.tick_step, name="tick_step"),
    path("stores/<uuid:pk>/remediations/new/", remediations.open_for_store, name="remedy_store"),
]
