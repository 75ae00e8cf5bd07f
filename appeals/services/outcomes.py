"""What the marketplace decided, and whether the points really came back."""

from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from appeals.alert_kinds import OUTCOME_UNPLACED, POINTS_MISSING
from appeals.models import Appeal, Attempt
from appeals.models.cases import UNFILED
from appeals.selectors import clocks
from appeals.services import cases, windows
from scoring import books
from scoring.models import LedgerEntry, PlatformRating
from scoring.selectors.ratings import rating_of
from scoring.services import ledger
from stores.models import Notice, Store, Violation
from stores.services import alerts
from stores.services.violations import change_violation, end_enforcement
from tenants import due
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

_State = Attempt.State
OUTCOMES: Final = (_State.GRANTED, _State.REFUSED)
CHECK_POINTS: Final = "appeals.check_points"
CHECKED_AFTER: Final = timedelta(hours=72)
CHECKED_AGAIN: Final = timedelta(hours=24)
CHECKED_FOR: Final = timedelta(days=30)
NOTE_LENGTH: Final = 2000


class OutcomeUnusable(DomainError):
    """``field`` names the argument that cannot be taken."""

    code: ClassVar[str] = "outcome_unusable"

    def __init__(self, words: str, *, field: str) -> None:
        super().__init__(words)
        self.field = field


class AttemptNotFiled(cases.WrongState):
    code: ClassVar[str] = "attempt_not_filed"


class AppealTold(Protocol):
    """What a notice says about an appeal; ``reference`` is the violation's."""

    reference: str
    outcome: str
    decided_at: datetime
    points_restored: int | None


@transaction.atomic
def record_outcome(
    *,
    attempt: Attempt,
    outcome: str,
    by: Membership | None,
    at: datetime,
    decided_at: datetime | None = None,
    note: str = "",
    points_back: int | None = None,
    notice: Notice | None = None,
    via: str = "page",
) -> None:
    """Keep the marketplace's decision about a filed attempt.

    Granted: the points (all, or ``points_back`` of them) are given back as of ``decided_at``, the
    violation is reversed or the enforcement ends, and the rating follows at once; in 72 hours the
    platform rating is asked whether it agrees. Refused: the next attempt opens as an empty draft,
    or the appeal is exhausted.

    Raises:
        OutcomeUnusable: if the decision lies before the filing or after ``at``, or gives back more
            points than were taken.
        AttemptNotFiled: if the attempt is not waiting for a decision.
    """
    decided_at = decided_at or at
    if outcome not in OUTCOMES:
        raise OutcomeUnusable(_("An appeal is granted or refused."), field="outcome")
    if len(note) > NOTE_LENGTH or "\x00" in note:
        raise OutcomeUnusable(_("A note has at most 2,000 characters."), field="note")
    appeal = attempt.appeal
    violation = _locked(appeal)
    if attempt.filed_at is not None and decided_at < attempt.filed_at:
        raise OutcomeUnusable(_("The decision cannot lie before the filing."), field="decided_at")
    if decided_at > at:
        raise OutcomeUnusable(_("The decision cannot lie in the future."), field="decided_at")
    filed = Attempt.objects.filter(pk=attempt.pk, state=_State.FILED)
    if not filed.update(
        state=outcome,
        decided_at=decided_at,
        outcome_note=note.strip(),
        outcome_notice=notice,
    ):
        raise AttemptNotFiled(_("This attempt waits for no decision: it is not filed."))
    Appeal.objects.filter(pk=appeal.pk).update(state=outcome, changed_at=at)
    attempt.refresh_from_db()
    record(
        action=f"appeal.{outcome}",
        by=by,
        subject=appeal,
        store_id=appeal.store_id,
        changes={"attempt": attempt.number, "decided_at": decided_at.isoformat()},
        at=at,
        via=via,
    )
    if outcome == _State.GRANTED:
        _grant(attempt, violation, points_back, by=by, at=at, via=via)
    else:
        _go_on(attempt, at=at)


def hear_outcome(*, told: AppealTold, notice: Notice, store: Store, at: datetime) -> None:
    """Act on a notice that tells an appeal's outcome.

    An outcome that no filed attempt waits for changes nothing: an alert asks a person to look,
    unless it is one we know.
    """
    if notice.trust == Notice.Trust.SUSPICIOUS or told.outcome not in OUTCOMES:
        return
    attempts = Attempt.objects.filter(
        appeal__store=store, appeal__violation__reference=told.reference
    ).select_related("appeal__store")
    waiting = attempts.filter(state=_State.FILED, filed_at__lte=told.decided_at).first()
    if waiting is not None:
        record_outcome(
            attempt=waiting,
            outcome=told.outcome,
            by=None,
            at=at,
            decided_at=min(told.decided_at, at),
            points_back=_believable(told.points_restored, waiting),
            notice=notice,
            via="task",
        )
        return
    if not attempts.filter(state=told.outcome, decided_at__gte=told.decided_at).exists():
        alerts.open_alert(
            store=store,
            code=OUTCOME_UNPLACED,
            detail={"reference": told.reference, "outcome": told.outcome},
            at=at,
        )


@transaction.atomic
def undo_outcome(*, notice: Notice, at: datetime, by: Membership | None) -> None:
    """Take back what a notice that was not true decided: its attempt is filed as before.

    Points that it gave back are taken again by a new deduction with the old expiry. A refusal
    whose next attempt somebody has begun to write stands.
    """
    decided = Attempt.objects.filter(outcome_notice=notice, state__in=OUTCOMES)
    for attempt in decided.select_related("appeal__store"):
        appeal = attempt.appeal
        violation = _locked(appeal)
        following = appeal.attempts.filter(number__gt=attempt.number)
        if any(_is_begun(later) for later in following):
            continue
        following.delete()
        was_granted = attempt.state == _State.GRANTED
        Attempt.objects.filter(pk=attempt.pk).update(
            state=_State.FILED,
            decided_at=None,
            outcome_notice=None,
            points_back=None,
            points_seen_at=None,
        )
        Appeal.objects.filter(pk=appeal.pk).update(state=Appeal.State.FILED, changed_at=at)
        if was_granted and violation is not None:
            facts = _unsettled(violation, attempt.points_back or 0)
            change_violation(violation=violation, facts=facts, at=at, by=by)
        record(
            action="appeal.outcome_undone",
            by=by,
            subject=appeal,
            store_id=appeal.store_id,
            changes={"attempt": attempt.number},
            at=at,
        )


def check_points(*, attempt: Attempt, at: datetime) -> datetime | None:
    """Ask the newest platform rating since the decision whether granted points came back.

    Return when to ask again: while there is no such rating yet, or it says that they did not.
    """
    if attempt.state != _State.GRANTED or attempt.decided_at is None or attempt.points_seen_at:
        return None
    store = attempt.appeal.store
    again_at = at + CHECKED_AGAIN if at < attempt.decided_at + CHECKED_FOR else None
    answer = rating_of(store)
    if answer is None or answer.platform_at is None or answer.platform_at <= attempt.decided_at:
        return again_at
    book = books.library_for(store).in_force(at, at)
    drift, tolerance = answer.drift or 0, book.tolerance if book else 0
    is_points = answer.platform_measure == PlatformRating.Measure.POINTS_DEDUCTED
    missing = drift if is_points else -drift
    if missing > tolerance:
        ledger.lock(store)  # before scoring looks whether the grant is overdue, or after it
        alerts.open_alert(
            store=store,
            code=POINTS_MISSING,
            detail={
                "case": str(attempt.appeal),
                "appeal": str(attempt.appeal_id),
                "drift": drift,
                "measure": answer.platform_measure,
                "about": [str(attempt.appeal.violation_id or attempt.appeal_id)],
            },
            at=at,
        )
        return again_at
    Attempt.objects.filter(pk=attempt.pk).update(points_seen_at=answer.platform_at)
    alerts.resolve_alert(store=store, code=POINTS_MISSING, at=at)
    return None


def _locked(appeal: Appeal) -> Violation | None:
    # Always violation, store, attempt: the order in which news about a violation locks them.
    violation = None
    if appeal.violation_id is not None:
        violation = (
            Violation.objects.select_for_update(of=("self",))
            .select_related("store")
            .get(pk=appeal.violation_id)
        )
    ledger.lock(appeal.store)
    return violation


def _grant(
    attempt: Attempt,
    violation: Violation | None,
    points_back: int | None,
    *,
    by: Membership | None,
    at: datetime,
    via: str,
) -> None:
    enforcement, decided_at = attempt.appeal.enforcement, attempt.decided_at or at
    if enforcement is not None:
        end_enforcement(enforcement=enforcement, ends_at=decided_at, at=at, by=by, via=via)
    if violation is None:
        return
    left = points_left(violation)
    if points_back is not None and not 0 < points_back <= left:
        raise OutcomeUnusable(
            _("Between 1 and %(most)d points of this violation can be given back.")
            % {"most": left},
            field="points_back",
        )
    is_part = points_back is not None and points_back < left
    if is_part and violation.points is None:
        raise OutcomeUnusable(
            _("Enter first how many points the violation took."), field="points_back"
        )
    given = ledger.give_back(
        violation=violation,
        reason=LedgerEntry.Reason.GRANTED,
        at=at,
        by=by,
        points=points_back,
        decided_at=decided_at,
    )
    Attempt.objects.filter(pk=attempt.pk).update(points_back=given)
    attempt.points_back = given
    # The news of it makes scoring compute the rating anew, in this transaction.
    change_violation(violation=violation, facts=_settled(violation, given), at=at, by=by, via=via)
    if given:
        due.add(kind=CHECK_POINTS, subject=attempt.pk, at=at + CHECKED_AFTER, instead=True)


def _settled(violation: Violation, given: int) -> dict[str, object]:
    """Return what is true of a violation of which ``given`` points were given back."""
    if points_left(violation):
        return {"points": (violation.points or 0) + given}
    if violation.state == Violation.State.PENDING:
        return {"state": Violation.State.LAPSED}
    return {"state": Violation.State.REVERSED}


def _unsettled(violation: Violation, given: int) -> dict[str, object]:
    """Return what is true again of a violation that was not granted after all."""
    if violation.state == Violation.State.REVERSED:
        return {"state": Violation.State.ENFORCED}
    if violation.state == Violation.State.LAPSED:
        return {"state": Violation.State.PENDING}
    return {"points": (violation.points or 0) - given} if given else {}


def _is_begun(attempt: Attempt) -> bool:
    is_draft = attempt.state == _State.DRAFTING
    return not is_draft or attempt.revision > 0 or attempt.evidence.exists()


def points_left(violation: Violation) -> int:
    """Return the points that a violation still takes, as a positive number."""
    entries = LedgerEntry.objects.filter(violation=violation, kind=LedgerEntry.Kind.DEDUCTION)
    return -sum(ledger.left_of(entry) for entry in entries)


def _go_on(attempt: Attempt, *, at: datetime) -> None:
    appeal = attempt.appeal
    if cases.is_last(attempt):
        Appeal.objects.filter(pk=appeal.pk).update(state=Appeal.State.EXHAUSTED)
        return
    file_by = clocks.next_window(appeal.store, attempt.decided_at or at, at)
    cases.add_attempt(appeal=appeal, number=attempt.number + 1, file_by=file_by, at=at)


def _believable(points_restored: int | None, attempt: Attempt) -> int | None:
    """Return the points that a notice gives back, or None (all) where it cannot be fewer."""
    violation = attempt.appeal.violation
    if violation is None or points_restored is None or violation.points is None:
        return None
    return points_restored if 0 < points_restored < points_left(violation) else None


def settle_with(*, violation: Violation, at: datetime) -> None:
    """Follow the news of a violation: a moved window, or a case that has become needless."""
    attempt = (
        Attempt.objects.filter(appeal__violation=violation, state__in=UNFILED)
        .select_related("appeal__store")
        .first()
    )
    if attempt is None:
        return
    if violation.state in {Violation.State.LAPSED, Violation.State.REVERSED}:
        cases.withdraw_attempt(attempt=attempt, by=None, at=at, via="task")
    elif violation.appeal_by and attempt.number == 1 and attempt.file_by != violation.appeal_by:
        windows.move_window(attempt=attempt, file_by=violation.appeal_by, at=at)
