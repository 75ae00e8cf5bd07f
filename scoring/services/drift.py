"""Does what a member chose to mend a drift with: one proposed cause, by the services there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Final

from django.db import transaction
from django.utils.translation import gettext as _

from scoring.models import LedgerEntry
from scoring.selectors.causes import MOST_POINTS, Cause, Kind, causes_of
from scoring.selectors.gaps import Reader
from scoring.services import ledger, quizzes, rating
from stores.models import Notice, Store, Violation
from stores.services import notices, violations
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

_Reason = LedgerEntry.Reason
_State = Violation.State


class ProposalStale(DomainError):
    code: ClassVar[str] = "proposal_stale"


class ProposalUnusable(DomainError):
    """``field`` names what cannot be taken."""

    code: ClassVar[str] = "proposal_unusable"

    def __init__(self, words: str, *, field: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True, slots=True)
class _Act:
    """One act: what it is about, what the member entered, who and when."""

    store: Store
    cause: Cause
    values: Mapping[str, Any]
    at: datetime
    by: Membership | None
    via: str


@transaction.atomic
def act_on_cause(
    *,
    store: Store,
    cause: Cause,
    token: str,
    values: Mapping[str, Any],
    at: datetime,
    by: Membership | None,
    viewer: Membership | None,
    via: str = "page",
) -> int | None:
    """Write what a cause proposes, and return the drift that is left; None: none is judged.

    ``values`` replace ``cause.first``; points are positive. ``cause`` is as its ``viewer`` saw
    it, with its ``token``; nothing is written where anything that it rests on has changed since.

    Raises:
        ProposalStale: if it is not proposed any more, or on other grounds.
        ProposalUnusable: if a value cannot be taken.
        DomainError: what the services refuse that write it.
    """
    _lock(store, cause)
    reader = Reader(store, at)
    now = next((each for each in causes_of(reader, viewer) if each.key == cause.key), None)
    if now is None or now.token != token:
        raise ProposalStale(
            _("The store's rows have changed since you looked. Read the causes once more.")
        )
    if not now.verb:
        raise ProposalStale(_("There is nothing to write about this cause."))
    assert reader.gap is not None, "A cause is of a gap."
    act = _Act(store, now, _checked(now, values, at), at, by, via)
    _ACTS[now.kind](act)
    row = rating.rate(store=store, at=at)
    record(
        action="drift.mended",
        by=by,
        subject=store,
        store_id=store.pk,
        at=at,
        via=via,
        changes={"cause": str(now.kind), "drift": [reader.gap.newest.drift, row.drift]},
    )
    return row.drift


def _lock(store: Store, cause: Cause) -> None:
    # Always violation, store: the order in which news about a violation locks them.
    if cause.violation is not None:
        list(Violation.objects.select_for_update(of=("self",)).filter(pk=cause.violation.pk))
    ledger.lock(store)


def _checked(cause: Cause, values: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return what the act takes: the values entered, else the first ones."""
    taken = {
        name: first if _is_first(values.get(name), first) else values[name]
        for name, first in cause.first.items()
    }
    if not 1 <= taken.get("points", 1) <= MOST_POINTS:
        raise ProposalUnusable(_("Enter between 1 and 1000 points."), field="points")
    for name in ("occurred_at", "decided_at"):
        if name in taken and taken[name] > at:
            raise ProposalUnusable(_("This cannot lie in the future."), field=name)
    if "rule" in taken and not taken["rule"]:
        raise ProposalUnusable(_("Choose the rule."), field="rule")
    if taken.get("reason", _Reason.GRANTED) not in _REASONS:
        raise ProposalUnusable(_("Choose why the points came back."), field="reason")
    starts_at = cause.entry.occurred_at if cause.entry is not None else None
    for name in ("expires_at", "decided_at"):
        if starts_at is not None and name in taken and taken[name] < starts_at:
            raise ProposalUnusable(_("This lies before the entry itself."), field=name)
    return taken


def _is_first(value: Any, first: Any) -> bool:
    """Tell whether a value was left as it was proposed: forms know moments to the minute."""
    if isinstance(first, datetime) and isinstance(value, datetime):
        return abs(value - first) < timedelta(minutes=1)
    return value is None


_REASONS: Final = (_Reason.GRANTED, _Reason.CORRECTED, _Reason.MARKETPLACE)


def _record_missed(act: _Act) -> None:
    facts = {
        "rule": act.values["rule"],
        "reference": act.values["reference"],
        "points": -act.values["points"],
        "state": _State.ENFORCED,
        "reported_at": act.values["occurred_at"],
        "enforced_at": act.values["occurred_at"],
    }
    notice = act.cause.notice
    kept = violations.record_violation(
        store=act.store,
        facts=facts,
        source="person" if act.via == "page" else "integration",
        at=act.at,
        by=act.by,
        notice=notice,
        via=act.via,
    )
    if kept.like is not None:
        raise ProposalUnusable(
            _("A violation of this rule is recorded on that day already. If this is another one, "
              "record it with its reference."),
            field="rule",
        )  # fmt: skip
    if notice is not None and notice.state == Notice.State.TRIAGE and act.by is not None:
        notices.act_by_hand(
            notice=notice, violation=kept.violation, is_new=kept.is_new, by=act.by, at=act.at
        )


def _enforce(act: _Act) -> None:
    occurred_at = act.values["occurred_at"]
    facts = {
        "state": _State.ENFORCED,
        "points": -act.values["points"],
        "enforced_at": occurred_at,
    }
    _change(act, facts, said_at=occurred_at)


def _state_points(act: _Act) -> None:
    _change(act, {"points": -act.values["points"]})


def _reverse(act: _Act) -> None:
    """Give points back as of the decision; a violation's state follows."""
    violation, entry = act.cause.violation, act.cause.entry
    assert entry is not None, "A reversal is of an entry."
    points, reason = act.values["points"], act.values["reason"]
    decided_at = act.values["decided_at"]
    ledger.reverse_entry(
        entry=entry, reason=reason, points=points, at=act.at, by=act.by, decided_at=decided_at
    )
    if violation is None or violation.state in {_State.REVERSED, _State.LAPSED}:
        return
    left = _left_of(violation)
    if not left:
        state = _State.LAPSED if reason == _Reason.CORRECTED else _State.REVERSED
        _change(act, {"state": state}, said_at=decided_at)
    elif violation.points is not None:
        _change(act, {"points": left}, said_at=decided_at)


def _unwrite(act: _Act) -> None:
    """Take back an entry that never was: a mistake of ours, at its own time."""
    _mistake(act)
    violation = act.cause.violation
    if violation is not None:
        left = _left_of(violation)
        _change(act, {"points": left} if left else {"state": _State.REVERSED})


def _rewrite(act: _Act) -> None:
    """Take back an entry as a mistake and write it anew with the right points."""
    entry = _mistake(act)
    points = act.values["points"] * (-1 if entry.points < 0 else 1)
    if act.cause.violation is not None:
        _change(act, {"points": points}, said_at=entry.occurred_at)
        return
    _write_like(act, entry, points, is_stated=entry.is_expiry_stated, expires_at=entry.expires_at)


def _state_expiry(act: _Act) -> None:
    expires_at = act.values["expires_at"]
    if act.cause.violation is not None:
        _change(act, {"expires_at": expires_at})
        return
    entry = act.cause.entry
    assert entry is not None, "An expiry is of an entry."
    left = ledger.left_of(entry)
    _mistake(act)
    _write_like(act, entry, left, is_stated=True, expires_at=expires_at)


def _pass_quiz(act: _Act) -> None:
    assert act.cause.quiz is not None, "A passed quiz is one."
    quizzes.pass_quiz(
        quiz=act.cause.quiz,
        points=act.values["points"],
        passed_at=act.values["occurred_at"],
        at=act.at,
        by=act.by,
        via=act.via,
    )


def _gain(act: _Act) -> None:
    ledger.write_entry(
        store=act.store,
        kind=LedgerEntry.Kind.BONUS,
        points=act.values["points"],
        occurred_at=act.values["occurred_at"],
        note=act.values["note"],
        source="person" if act.via == "page" else "integration",
        at=act.at,
        by=act.by,
        via=act.via,
    )


def _mistake(act: _Act) -> LedgerEntry:
    entry = act.cause.entry
    assert entry is not None, "A mistake is of an entry."
    ledger.reverse_entry(entry=entry, reason=_Reason.MISTAKE, at=act.at, by=act.by)
    return entry


def _write_like(
    act: _Act,
    entry: LedgerEntry,
    points: int,
    *,
    is_stated: bool,
    expires_at: datetime | None,
) -> None:
    ledger.write_entry(
        store=act.store,
        kind=entry.kind,
        points=points,
        occurred_at=entry.occurred_at,
        expires_at=expires_at if is_stated else None,
        rule=entry.rule,
        note=entry.note,
        source="person" if act.via == "page" else "integration",
        at=act.at,
        by=act.by,
        via=act.via,
    )


def _change(act: _Act, facts: Mapping[str, Any], *, said_at: datetime | None = None) -> None:
    assert act.cause.violation is not None, "Only a violation has a state."
    violations.change_violation(
        violation=act.cause.violation,
        facts=facts,
        at=act.at,
        by=act.by,
        said_at=said_at,
        via=act.via,
    )


def _left_of(violation: Violation) -> int:
    entries = LedgerEntry.objects.filter(violation=violation, kind=LedgerEntry.Kind.DEDUCTION)
    return sum(ledger.left_of(entry) for entry in entries)


_ACTS: Final[Mapping[Kind, Callable[[_Act], None]]] = MappingProxyType(
    {
        Kind.MISSED_NOTICE: _record_missed,
        Kind.ENFORCED_SINCE: _enforce,
        Kind.UNSTATED: _state_points,
        Kind.ESTIMATE: _state_points,
        Kind.GIVEN_BACK: _reverse,
        Kind.LEFT_IN_OURS: _reverse,
        Kind.NOT_COUNTED: _unwrite,
        Kind.DOUBLED: _unwrite,
        Kind.MISTYPED: _rewrite,
        Kind.QUIZ: _pass_quiz,
        Kind.UNKNOWN_GAIN: _gain,
        Kind.EXPIRY: _state_expiry,
    }
)
