"""Cases in lists and on their page, as far as the reader may see them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from appeals.models import Appeal, Attempt, Evidence
from appeals.models.cases import SPENT
from appeals.selectors import clocks, rules
from stores.models import Enforcement, Store, Violation
from tenants.models import Membership
from tenants.trail import selectors as trail
from tenants.trail import words
from tenants.trail.models import AuditEvent

_State = Attempt.State
LANES: Final = (
    Appeal.State.DRAFTING,
    Appeal.State.IN_REVIEW,
    Appeal.State.READY,
    Appeal.State.FILED,
)
DECIDED: Final = (
    Appeal.State.GRANTED,
    Appeal.State.EXHAUSTED,
    Appeal.State.REFUSED,
    Appeal.State.LAPSED,
    Appeal.State.WITHDRAWN,
)
OPEN: Final = LANES
DECIDED_SHOWN: Final = 12
SOON: Final = timedelta(days=7)
_OLDEST: Final = timedelta(days=120)  # no market's window is longer
TIMELINE_SHOWN: Final = 40
_DRAFT_ACTS: Final = (
    "appeal.drafted",
    "appeal.review_asked",
    "appeal.returned",
    "appeal.approved",
    "appeal.assigned",
    "evidence.added",
    "evidence.removed",
)
TONES: Final = {
    "granted": "good",
    "exhausted": "bad",
    "refused": "bad",
    "lapsed": "bad",
    "withdrawn": "none",
    "filed": "act",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One case of the list. ``shot`` is the place of its attempt among those that count."""

    appeal: Appeal
    attempt: Attempt
    shot: int
    sees_drafts: bool

    @property
    def name(self) -> str:
        return rules.name_of(subject_of(self.appeal))

    @property
    def state_words(self) -> str:
        if self.attempt.is_unfiled and not self.sees_drafts:
            return _("Being prepared")
        return str(self.appeal.get_state_display())

    @property
    def tone(self) -> str:
        return TONES.get(self.appeal.state, "none")

    @property
    def is_open(self) -> bool:
        return self.attempt.is_unfiled

    @property
    def is_last(self) -> bool:
        return self.shot >= self.appeal.attempts_allowed

    @property
    def points(self) -> int | None:
        violation = self.appeal.violation
        return None if violation is None else violation.points

    @property
    def ended_at(self) -> datetime:
        return self.attempt.decided_at or self.appeal.changed_at


def subject_of(appeal: Appeal) -> Violation | Enforcement | None:
    """Return what is appealed, with its store at hand."""
    subject = appeal.violation or appeal.enforcement
    if subject is not None:
        subject.store = appeal.store
    return subject


def in_state(appeals: QuerySet[Appeal], state: str) -> QuerySet[Appeal]:
    """Return the cases of a state, or all that are "open" or "decided"."""
    groups: Mapping[str, Sequence[str]] = {"open": OPEN, "decided": DECIDED}
    return appeals.filter(state__in=groups.get(state, (state,)))


def cards(appeals: Iterable[Appeal], *, sees_drafts: bool) -> list[Card]:
    """Return a card for each of ``appeals``, in their order, in one more query."""
    found = list(appeals)
    attempts: dict[UUID, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(appeal__in=found).defer("grounds").order_by("number"):
        attempts[attempt.appeal_id].append(attempt)
    return [
        Card(appeal, own[-1], shots(own)[-1], sees_drafts)
        for appeal in found
        if (own := attempts[appeal.pk])
    ]


def shots(attempts: Sequence[Attempt]) -> list[int]:
    """Return the place of each attempt (oldest first) among those that count."""
    spent, places = 0, []
    for attempt in attempts:
        places.append(spent + 1)
        spent += attempt.state in SPENT
    return places


def listed(appeals: QuerySet[Appeal]) -> QuerySet[Appeal]:
    return appeals.select_related("store", "violation", "enforcement", "owner__user")


def lanes(appeals: QuerySet[Appeal], *, sees_drafts: bool) -> list[tuple[str, str, list[Card]]]:
    """Return the board: each open state and what was decided last, with its cases.

    Those whose window closes first stand first. Who sees no drafts sees them as one lane.
    """
    open_cards = cards(
        listed(appeals).filter(state__in=OPEN).order_by("opened_at", "id"), sees_drafts=sees_drafts
    )
    decided = cards(
        listed(appeals).filter(state__in=DECIDED).order_by("-changed_at", "-id")[:DECIDED_SHOWN],
        sees_drafts=sees_drafts,
    )
    never = max((c.attempt.file_by for c in open_cards if c.attempt.file_by), default=None)
    open_cards.sort(key=lambda card: (card.attempt.file_by is None, card.attempt.file_by or never))
    by_state: dict[str, list[Card]] = defaultdict(list)
    for card in open_cards:
        by_state[card.appeal.state].append(card)
    if sees_drafts:
        board = [(str(s), str(Appeal.State(s).label), by_state[s]) for s in LANES]
    else:
        unfiled = [card for card in open_cards if card.is_open]
        filed = Appeal.State.FILED
        board = [
            ("open", _("Being prepared"), unfiled),
            (str(filed), str(filed.label), by_state[filed]),
        ]
    return [*board, ("decided", _("Decided"), decided)]


def waiting_count(appeals: QuerySet[Appeal], member: Membership) -> int:
    """Return how many of ``appeals`` wait for ``member``, in one query at most.

    They are those she may approve, those she may file, and her own drafts that came back.
    """
    waiting = []
    if member.can("appeals.review"):
        waiting.append(Q(state=Appeal.State.IN_REVIEW))
    if member.can("appeals.file"):
        waiting.append(Q(state=Appeal.State.READY))
    if member.can("appeals.draft"):
        returned = Attempt.objects.filter(
            ~Q(returned_reason=""), state=_State.DRAFTING, drafted_by=member
        )
        waiting.append(Q(state=Appeal.State.DRAFTING, pk__in=returned.values("appeal")))
    return appeals.filter(reduce(or_, waiting)).count() if waiting else 0


@dataclass(frozen=True, slots=True)
class Closing:
    """A violation without a case whose window closes soon."""

    violation: Violation
    closes_at: datetime

    @property
    def name(self) -> str:
        return rules.name_of(self.violation)


def closing_without_case(
    stores: QuerySet[Store], *, at: datetime, within: timedelta = SOON
) -> list[Closing]:
    """Return the violations without a case whose windows close soon, in one query."""
    found = (
        Violation.objects.filter(
            Q(appeal_by__gt=at, appeal_by__lte=at + within)
            | Q(appeal_by=None, reported_at__gt=at - _OLDEST),
            ~Exists(Appeal.objects.filter(violation=OuterRef("pk"))),
            store__in=stores,
            state__in=[Violation.State.PENDING, Violation.State.ENFORCED],
        )
        .select_related("store")
        .order_by("reported_at", "id")
    )
    closing = [
        Closing(violation, closes_at)
        for violation in found
        if (closes_at := clocks.first_window(violation, at)) and at < closes_at <= at + within
    ]
    return sorted(closing, key=lambda each: each.closes_at)


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt of a case as its page shows it."""

    attempt: Attempt
    shot: int
    evidence: tuple[Evidence, ...]
    is_shown: bool  # its text and documents, to this reader


@dataclass(frozen=True)
class Case:
    appeal: Appeal
    tries: tuple[Try, ...]
    sees_drafts: bool
    at: datetime

    @property
    def subject(self) -> Violation | Enforcement | None:
        return subject_of(self.appeal)

    @property
    def name(self) -> str:
        return rules.name_of(self.subject)

    @property
    def current(self) -> Try:
        return self.tries[-1]

    @property
    def attempt(self) -> Attempt:
        return self.current.attempt

    @property
    def is_last(self) -> bool:
        return self.current.shot >= self.appeal.attempts_allowed

    @property
    def refusals(self) -> list[Attempt]:
        """Return the attempts that the marketplace refused, with what it said, oldest first."""
        return [each.attempt for each in self.tries if each.attempt.state == _State.REFUSED]

    @property
    def state_words(self) -> str:
        if self.attempt.is_unfiled and not self.sees_drafts:
            return _("Being prepared")
        return str(self.appeal.get_state_display())

    @property
    def evidence(self) -> list[tuple[Try, Evidence]]:
        """Return every document the reader may see, the newest attempt's first."""
        return [
            (each, document)
            for each in reversed(self.tries)
            if each.is_shown
            for document in each.evidence
        ]


def case_of(appeal: Appeal, *, sees_drafts: bool, at: datetime) -> Case:
    """Return a case with its attempts and their documents, in two queries."""
    attempts = list(
        appeal.attempts.order_by("number").select_related(
            "drafted_by__user",
            "asked_by__user",
            "reviewed_by__user",
            "filed_by__user",
        )
    )
    documents: dict[UUID, list[Evidence]] = defaultdict(list)
    kept = Evidence.objects.filter(attempt__in=attempts).select_related("added_by__user")
    if not sees_drafts:
        kept = kept.exclude(kind=Evidence.Kind.NOTE)
    for document in kept.order_by("at", "id"):
        documents[document.attempt_id].append(document)
    for attempt in attempts:
        attempt.appeal = appeal
    return Case(
        appeal=appeal,
        tries=tuple(
            Try(attempt, shot, tuple(documents[attempt.pk]), sees_drafts or attempt.state in SPENT)
            for attempt, shot in zip(attempts, shots(attempts), strict=True)
        ),
        sees_drafts=sees_drafts,
        at=at,
    )


def timeline(case: Case) -> list[dict[str, Any]]:
    """Return what happened to a case and its violation, newest first, in one query."""
    subjects = [case.appeal.pk, *([case.appeal.violation_id] if case.appeal.violation_id else [])]
    events = trail.all_events().filter(object_id__in=subjects)
    if not case.sees_drafts:
        events = events.exclude(action__in=_DRAFT_ACTS)
    return [_entry(event, case) for event in events[:TIMELINE_SHOWN]]


def _entry(event: AuditEvent, case: Case) -> dict[str, Any]:
    what = words.action_words(event.action)
    who = str(event.member) if event.member and case.sees_drafts else ""
    attempt = event.changes.get("attempt")
    notes = [_("attempt %(number)s") % {"number": attempt}] if attempt else []
    if case.sees_drafts:
        notes += [str(event.changes[key]) for key in ("title", "reason") if event.changes.get(key)]
    return {
        "at": event.at,
        "text": _("%(what)s, by %(who)s") % {"what": what, "who": who} if who else what,
        "note": " · ".join(notes),
        "tone": TONES.get(event.action.partition(".")[2], "none"),
    }
