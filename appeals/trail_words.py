"""What this room's acts, fields and objects are called in the audit trail."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from appeals.models import Appeal, Attempt, Evidence
from stores.trail_words import violation_words
from tenants.trail import words
from tenants.trail.words import Field

_DIGEST_SHOWN: Final = 12

WORDS: Final = {
    "appeal.opened": _("Case opened"),
    "appeal.drafted": _("Draft saved"),
    "appeal.review_asked": _("Asked for review"),
    "appeal.returned": _("Returned to its drafter"),
    "appeal.approved": _("Approved for filing"),
    "appeal.filed": _("Appeal filed"),
    "appeal.granted": _("Appeal granted"),
    "appeal.refused": _("Appeal refused"),
    "appeal.lapsed": _("Appeal lapsed: its window closed"),
    "appeal.withdrawn": _("Appeal withdrawn"),
    "appeal.assigned": _("Case assigned"),
    "appeal.outcome_undone": _("Outcome undone"),
    "evidence.added": _("Document added"),
    "evidence.removed": _("Document removed"),
    "remediation.opened": _("Remediation opened"),
    "remediation.assigned": _("Remediation assigned"),
    "remediation.step_added": _("Step added"),
    "remediation.step_done": _("Step done"),
    "remediation.step_reopened": _("Step opened again"),
    "remediation.done": _("Remediation done"),
    "remediation.dropped": _("Remediation dropped"),
    "remediation.reopened": _("Remediation opened again"),
}


def _appeals(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    found = list(
        Appeal.objects.filter(pk__in=ids).select_related("violation__store", "enforcement")
    )
    named = violation_words([one.violation for one in found if one.violation])
    return {
        one.pk: named[one.violation.pk] if one.violation else str(one.enforcement) for one in found
    }


def _digest(value: Any, _changes: Mapping[str, Any]) -> str:
    return f"{str(value)[:_DIGEST_SHOWN]}…"


_APPEAL: Final = {
    "attempt": Field(_("attempt")),
    "title": Field(_("document")),
    "kind": Field(choices=dict(Evidence.Kind.choices)),
    "sha256": Field("SHA-256", say=_digest),
    "characters": Field(_("characters")),
    "before": Field(_("characters before")),
    "channel": Field(choices=dict(Attempt.Channel.choices)),
    "decided_at": Field(_("decided")),
}
_REMEDIATION: Final = {
    "title": Field(_("title")),
    "steps": Field(_("steps")),
    "step": Field(_("step")),
    "due_at": Field(pgettext_lazy("field of a change", "due")),
}


def say() -> None:
    words.say(WORDS)
    words.say_fields(_APPEAL, of=["appeals.appeal"])
    words.say_fields(_REMEDIATION, of=["appeals.remediation"])
    words.name_with({"appeals.appeal": _appeals})
