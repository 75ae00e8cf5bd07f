"""What this room's acts, fields and objects are called in the audit trail."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from scoring.models import LedgerEntry, PeriodEnd, PlatformRating
from stores.trail_words import POINTS, SOURCES
from tenants.trail import words
from tenants.trail.words import Field

WORDS: Final = {
    "drift.mended": _("Drift mended"),
    "figure.switched_on": _("Figure of a third party switched on"),
    "figure.switched_off": _("Figure of a third party switched off"),
    "ledger.adjustment": _("Adjustment written"),
    "ledger.bonus": _("Bonus written"),
    "ledger.deduction": _("Deduction written"),
    "ledger.reversal": _("Points given back"),
    "period.ended": _("End of a restriction recorded"),
    "platform_rating.recorded": _("Platform rating recorded"),
    "quiz.lapsed": _("Quiz lapsed"),
    "quiz.passed": _("Quiz passed"),
    "quiz.recorded": _("Quiz recorded"),
    "quiz.withdrawn": _("Quiz withdrawn"),
    "reconciliation.explained": _("Explained why nothing is missing"),
    "rating.mended": _("Stored rating mended"),
}
# What a verification may find to differ, as ``services.fleet`` names it.
DIFFERED: Final = {
    "never_rated": _("was never computed"),
    "rating": _("rating"),
    "points_deducted": _("points deducted"),
    "band": _("band"),
    "standing": _("standing"),
    "rulebook": _("rulebook"),
    "closed_since": _("closed since"),
    "platform_rating": _("platform rating"),
    "drift": _("drift"),
    "milestone": _("next milestone"),
    "next_expiry": _("next roll-off"),
}


def _entries(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    kinds = LedgerEntry.objects.filter(pk__in=ids).values_list("pk", "kind")
    return {pk: str(LedgerEntry.Kind(kind).label) for pk, kind in kinds}


def _platform_ratings(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    measures = PlatformRating.objects.filter(pk__in=ids).values_list("pk", "measure")
    return {pk: str(PlatformRating.Measure(measure).label) for pk, measure in measures}


CAUSES: Final = {
    "missed_notice": _("a missed notice"),
    "enforced_since": _("a pending violation was enforced"),
    "unstated": _("points that were not known"),
    "given_back": _("points that the marketplace gave back"),
    "left_in_ours": _("points left in our ledger"),
    "not_counted": _("an entry that the marketplace does not count"),
    "doubled": _("a violation recorded twice"),
    "estimate": _("an estimate that was off"),
    "mistyped": _("points written wrongly"),
    "quiz": _("a passed quiz"),
    "unknown_gain": _("a bonus that nobody recorded"),
    "expiry": _("points that leave at another time"),
}
_DRIFT: Final = {
    "cause": Field(_("cause"), choices=CAUSES),
    "drift": Field(_("drift")),
}
_QUIZ: Final = {
    "worth": Field(_("gives")),
    "open_until": Field(_("open until")),
    "passed_at": Field(_("passed")),
}


def _period_ends(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    return dict(PeriodEnd.objects.filter(pk__in=ids).values_list("pk", "milestone"))


def say() -> None:
    words.say(WORDS)
    words.say_fields(_DRIFT, of=["stores.store"])
    words.say_fields(_QUIZ, of=["scoring.quiz"])
    words.say_fields({"reason": Field(_("reason"))}, of=["scoring.explanation"])
    words.say_fields(
        {
            "points": POINTS,
            "note": Field(_("note")),
            "reason": Field(_("reason"), choices=dict(LedgerEntry.Reason.choices)),
        },
        of=["scoring.ledgerentry"],
    )
    words.say_fields(
        {
            "value": Field(),
            "measure": Field(is_hidden=True),  # the row is named for it
            "source": Field(_("source"), choices=SOURCES),
        },
        of=["scoring.platformrating"],
    )
    words.say_fields(
        {
            "milestone": Field(_("milestone")),
            "ends_at": Field(_("ends")),
            "by": Field(_("by"), choices=dict(PeriodEnd.By.choices)),
        },
        of=["scoring.periodend"],
    )
    words.say_fields(
        {
            "rating": Field(_("rating")),
            "differed": Field(_("what differed"), choices=DIFFERED, is_list=True),
        },
        of=["scoring.storerating"],
    )
    words.name_with(
        {
            "scoring.ledgerentry": _entries,
            "scoring.periodend": _period_ends,
            "scoring.platformrating": _platform_ratings,
        }
    )
    words.say_fields({"stores": Field(_("stores rated anew"))}, of=["scoring.figureswitch"])
