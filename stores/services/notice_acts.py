"""What each finding of a notice does, by the services there are; and how it is taken back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Max
from django.db.models.functions import Coalesce

from stores import markets, signals
from stores.mailin import parsers
from stores.mailin.parsers import (
    AppealFinding,
    BalanceFinding,
    CorrectionFinding,
    CountFinding,
    Finding,
    InactivityFinding,
    MilestoneFinding,
    NewsFinding,
    RatingFinding,
    Told,
    Triage,
    ViolationFinding,
)
from stores.models import Enforcement, Notice, Reading, Store, Violation
from stores.services import readings, violations
from tenants.errors import DomainError
from tenants.models import Membership

Did = dict[str, Any]

_SAME_START: Final = timedelta(days=1)  # a mail that dates nothing is off by so much at most
_MOMENTS: Final = frozenset({"reported_at", "enforced_at", "correct_by", "appeal_by", "expires_at"})
_ARRIVED: Final = frozenset({"taken_from_mail:reported_at", "taken_from_arrival:reported_at"})
_GUESSED: Final = frozenset({"taken_from_mail", "taken_from_arrival", "time_not_stated"})
_SETTLED: Final = frozenset(
    {Violation.State.LAPSED, Violation.State.REVERSED, Violation.State.ROLLED_OFF}
)


class ActDoubtful(DomainError):
    """Why a notice that could be read is still left to a person; ``str`` is a code of words."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a notice says of a store is to be done: when it said so, by whom, and how."""

    notice: Notice
    store: Store
    said_at: datetime
    at: datetime
    by: Membership | None = None
    source: str = "mail"
    via: str = "task"


def do(task: Task, finding: Finding) -> list[Did]:  # noqa: C901, PLR0911 - a table by class
    """Write what ``finding`` says; return what was done, for the page and for the undo.

    Raises:
        ActDoubtful: if a person must decide.
        DomainError: if what it says cannot be true of the store.
    """
    match finding:
        case ViolationFinding():
            return [_keep_violation(task, finding)]
        case RatingFinding():
            return [_show_rating(task, finding)]
        case CountFinding():
            return [{"did": "counted", "what": finding.what, "value": finding.value}]
        case AppealFinding():
            return [_tell_outcome(task, finding)]
        case CorrectionFinding():
            return [_settle_correction(task, finding)]
        case MilestoneFinding():
            return [_keep_enforcement(task, finding, told) for told in finding.enforcements]
        case InactivityFinding():
            days = Decimal(finding.days)
            return [_record_reading(task, "days_inactive", days, finding.measured_at)]
        case BalanceFinding():
            _check_currency(task.store, finding)
            return [_record_reading(task, "balance", finding.amount, finding.measured_at)]
        case NewsFinding():
            return []
        case Triage():
            raise ActDoubtful(finding.reason)


def take_back(notice: Notice, *, by: Membership, at: datetime) -> None:
    """Take back what acting on ``notice`` wrote beside violations and ratings of its own."""
    for done in notice.did:
        match done.get("did"):
            case "violation_changed":
                _restore(notice, done, by=by, at=at)
            case "enforcement_told":
                told = Enforcement.objects.filter(pk=UUID(done["id"])).select_related("store")
                for enforcement in told:
                    violations.withdraw_enforcement(enforcement=enforcement, at=at, by=by)
            case "reading_recorded":
                for reading in Reading.objects.filter(pk=UUID(done["id"])).select_related("store"):
                    readings.withdraw_reading(reading=reading, by=by, at=at)


def _restore(notice: Notice, done: Did, *, by: Membership, at: datetime) -> None:
    row = Violation.objects.filter(pk=UUID(done["id"])).exclude(notice=notice).first()
    if row is None:
        return
    before = {name: _from_json(name, value) for name, value in done["before"].items()}
    if "points" in before and before["points"] is None:
        # The ledger gives back what was taken only where it hears of fewer points.
        violations.change_violation(violation=row, facts={"points": 0}, at=at, by=by)
    violations.change_violation(violation=row, facts=before, at=at, by=by)


# -- ratings, readings, enforcements ----------------------------------------------------------


def _show_rating(task: Task, finding: RatingFinding) -> Did:
    signals.platform_rating_seen.send(
        sender=Notice,
        store=task.store,
        value=finding.value,
        measure=finding.measure,
        observed_at=min(finding.observed_at, task.at),
        source=task.source,
        at=task.at,
        by=task.by,
        notice=task.notice,
    )
    return {"did": "rating_seen", "value": finding.value, "measure": finding.measure}


def _record_reading(task: Task, metric: str, value: Decimal, measured_at: datetime) -> Did:
    reading = readings.record_reading(
        store=task.store,
        metric=metric,
        value=value,
        measured_at=min(measured_at, task.at),
        source=task.source,
        by=task.by,
        at=task.at,
        via=task.via,
    )
    shown = readings.plain(value)
    return {"did": "reading_recorded", "id": str(reading.pk), "metric": metric, "value": shown}


def _check_currency(store: Store, finding: BalanceFinding) -> None:
    """Refuse a balance in another currency than the store's: a reading is in the store's."""
    own = markets.CURRENCIES[store.market]
    is_own_dollar = finding.currency == "$" and own in markets.DOLLARS
    if finding.currency not in {"", own} and not is_own_dollar:
        raise ActDoubtful("currency_differs")


def _keep_enforcement(task: Task, finding: MilestoneFinding, told: Told) -> Did:
    did = {"reference": finding.reference}
    if finding.value is not None:
        did["milestone"] = str(finding.value)
    same = Enforcement.objects.filter(
        store=task.store,
        kind=told.kind,
        withdrawn_at=None,
        starts_at__gt=told.starts_at - _SAME_START,
        starts_at__lt=told.starts_at + _SAME_START,
    ).first()
    if same is not None:
        return {"did": "enforcement_known", "id": str(same.pk), **did}
    kept = violations.record_enforcement(
        store=task.store,
        kind=told.kind,
        starts_at=told.starts_at,
        ends_at=told.ends_at,
        source=task.source,
        at=task.at,
        by=task.by,
        via=task.via,
    )
    return {"did": "enforcement_told", "id": str(kept.pk), **did}


# -- outcomes ---------------------------------------------------------------------------------


def _tell_outcome(task: Task, finding: AppealFinding) -> Did:
    violation = _of_reference(task.store, finding.reference)
    signals.appeal_outcome_told.send(
        sender=Notice, notice=task.notice, finding=finding, store=task.store, at=task.at
    )
    return {"did": "outcome_told", "id": str(violation.pk), "outcome": finding.outcome}


def _settle_correction(task: Task, finding: CorrectionFinding) -> Did:
    """Let an accepted correction end its violation; points that it took return by that."""
    violation = _of_reference(task.store, finding.reference)
    did = {"did": "correction_told", "id": str(violation.pk), "outcome": finding.outcome}
    if finding.outcome == "rejected" or violation.state in _SETTLED:
        return did
    facts: dict[str, Any] = {"state": Violation.State.LAPSED}
    taken = -(violation.points or 0)
    restored = finding.points_restored
    if violation.state == Violation.State.ENFORCED and restored is not None:
        if restored > taken:
            raise ActDoubtful("points_differ")
        if 0 < restored < taken:
            facts = {"points": restored - taken}
    before = {name: _as_json(getattr(violation, name)) for name in facts}
    violations.change_violation(
        violation=violation,
        facts=facts,
        at=task.at,
        by=task.by,
        said_at=min(finding.decided_at, task.at),
        via=task.via,
    )
    return {**did, "did": "violation_changed", "before": before, "by": "correction"}


def _of_reference(store: Store, reference: str) -> Violation:
    violation = (
        Violation.objects.filter(store=store, reference=reference).select_related("store").first()
    )
    if violation is None:
        raise ActDoubtful("reference_unknown")
    return violation


# -- violations -------------------------------------------------------------------------------


def _keep_violation(task: Task, finding: ViolationFinding) -> Did:
    notice, store = task.notice, task.store
    known = _known(store, finding)
    facts = facts_of(finding)
    before: dict[str, Any] = {}
    if known is not None:
        facts = _news_in(facts, finding, known, notice.sent_at or notice.received_at)
        before = {
            name: _as_json(getattr(known, name))
            for name in facts
            if name != "reference" and getattr(known, name) != facts[name]
        }
    kept = violations.record_violation(
        store=store,
        facts=facts,
        source=task.source,
        at=task.at,
        by=task.by,
        notice=notice,
        said_at=task.said_at,
        via=task.via,
    )
    pk = str(kept.violation.pk)
    if kept.is_new:
        return {"did": "violation_recorded", "id": pk}
    _take_over(notice, kept.violation)
    if not before:
        return {"did": "violation_known", "id": pk}
    return {"did": "violation_changed", "id": pk, "before": before}


def _known(store: Store, finding: ViolationFinding) -> Violation | None:
    """Return the violation that ``finding`` repeats.

    Raises:
        ActDoubtful: if it may be one of those known, or carries another store's reference.
    """
    if finding.reference is None:
        # Nothing tells two of a kind apart: whether it is a new one is for a person to say.
        if Violation.objects.filter(store=store, rule=finding.rule).exists():
            raise ActDoubtful("maybe_known")
        return None
    rows = list(
        Violation.objects.select_for_update(of=("self",))
        .filter(reference=finding.reference)
        .select_related("store", "notice")
    )
    known = next((row for row in rows if row.store_id == store.pk), None)
    if known is None and any(row.store.marketplace == store.marketplace for row in rows):
        raise ActDoubtful("reference_elsewhere")
    return known


def facts_of(finding: ViolationFinding) -> dict[str, Any]:
    """Return what a finding states, as facts for ``violations.record_violation``."""
    low, high = finding.points_range or (None, None)
    enforced_at = None
    if finding.state == "enforced":
        enforced_at = finding.enforced_at or finding.reported_at
    facts = {
        "reference": finding.reference,
        "rule": finding.rule,
        "subject": finding.subject or (finding.rule_text if finding.rule == "other" else ""),
        "points": finding.points,
        "points_low": low,
        "points_high": high,
        "state": finding.state,
        "reported_at": finding.reported_at,
        "enforced_at": enforced_at,
        "correct_by": finding.correct_by,
        "appeal_by": finding.appeal_by,
        "expires_at": finding.expires_at,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _news_in(
    facts: dict[str, Any], finding: ViolationFinding, known: Violation, said_at: datetime
) -> dict[str, Any]:
    """Return what a notice adds to a known violation.

    One that was sent before what we know only fills gaps, unless it tells that a pending
    violation is enforced; what a notice leaves to be guessed replaces nothing.
    """
    is_enforced_now = (known.state, finding.state) == ("pending", "enforced")
    is_news = is_enforced_now or (
        said_at > _said_last(known) and (known.state, finding.state) != ("enforced", "pending")
    )
    stays = _guessed(finding) | {"rule", "subject", "reported_at"}
    if known.enforced_at is not None and finding.enforced_at is None:
        stays.add("enforced_at")
    gaps = {name for name in facts if getattr(known, name) in (None, "")}
    if known.rule == parsers.OTHER_RULE:
        gaps.add("rule")
    if known.points is not None:
        gaps -= {"points_low", "points_high"}
    wanted = gaps | (facts.keys() - stays if is_news else set()) | {"reference"}
    return {name: value for name, value in facts.items() if name in wanted}


def _guessed(finding: ViolationFinding) -> set[str]:
    """Return the facts that the notice leaves open, of which only when it came tells."""
    codes = set(_GUESSED)
    if _ARRIVED & set(finding.problems):
        codes.add("counted_from_notice")
    told = (problem.partition(":") for problem in finding.problems)
    return {field for code, _colon, field in told if code in codes}


def _said_last(known: Violation) -> datetime:
    """Return when the newest of what we know of a violation was said."""
    told = Notice.objects.filter(
        store=known.store_id, did__contains=[{"id": str(known.pk)}]
    ).aggregate(newest=Max(Coalesce("sent_at", "received_at")))
    newest: datetime | None = told["newest"]
    return newest or known.recorded_at


def _take_over(notice: Notice, violation: Violation) -> None:
    """Let a proven notice stand for a violation that so far only an unverified one told of."""
    first = violation.notice
    if notice.trust == Notice.Trust.PROVEN and first and first.trust == Notice.Trust.UNVERIFIED:
        Violation.objects.filter(pk=violation.pk).update(notice=notice)


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _from_json(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in _MOMENTS and value else value
