"""Keeps what the marketplace reports as violations, whichever way it comes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from stores import moments, signals
from stores.models import Enforcement, Notice, Store, Violation
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

MOST_POINTS: Final = 1000
LIKE_WITHIN: Final = timedelta(days=1)
ANNOUNCED_AHEAD: Final = timedelta(days=366)  # an enforcement may be announced before it starts
LONGEST: Final = timedelta(days=3660)
_TIMES: Final = ("reported_at", "enforced_at", "correct_by", "appeal_by", "expires_at")
_FACTS: Final = (
    "rule",
    "subject",
    "points",
    "points_low",
    "points_high",
    "state",
    "reported_at",
    "enforced_at",
    "correct_by",
    "appeal_by",
    "expires_at",
)
# What a marketplace's later word never takes back: an open violation is not made pending again.
_FINAL: Final = frozenset(
    {Violation.State.LAPSED, Violation.State.REVERSED, Violation.State.ROLLED_OFF}
)


class ViolationUnusable(DomainError):
    code: ClassVar[str] = "violation_unusable"


class EnforcementUnusable(DomainError):
    code: ClassVar[str] = "enforcement_unusable"


@dataclass(frozen=True, slots=True)
class Kept:
    """A violation as it stands now, and whether it is new; ``like``: one it may repeat."""

    violation: Violation
    is_new: bool
    like: Violation | None = None


@transaction.atomic
def record_violation(
    *,
    store: Store,
    facts: Mapping[str, Any],
    source: str,
    at: datetime,
    by: Membership | None,
    notice: Notice | None = None,
    said_at: datetime | None = None,
    via: str = "page",
    is_batch: bool = False,
) -> Kept:
    """Keep a violation; a reference that the store has already is brought up to date, not doubled.

    ``facts``: any of reference, rule, subject, points (<= 0), points_low and points_high,
    state, reported_at and the other times of the model, note. Without a reference one of the
    same rule, subject and day is named as ``like``: whether it is the same a person says.
    ``said_at`` is when the marketplace told it. After a batch the caller sends
    ``signals.batch_ended``.

    Raises:
        ViolationUnusable: if points are positive or out of range, or times contradict each other.
    """
    given = {name: facts[name] for name in (*_FACTS, "note") if facts.get(name) is not None}
    reference = str(facts.get("reference") or "").strip() or None

    def brought_up_to_date(known: Violation) -> Kept:
        changed = change_violation(
            violation=known,
            facts=told,
            at=at,
            by=by,
            said_at=said_at,
            via=via,
            is_batch=is_batch,
        )
        return Kept(violation=changed, is_new=False)

    told = dict(given)
    if known := _known(store, reference):
        return brought_up_to_date(known)
    given.setdefault("rule", "other")
    given.setdefault("reported_at", at)
    if given.get("state", Violation.State.ENFORCED) == Violation.State.ENFORCED:
        given.setdefault("enforced_at", given["reported_at"])
    violation = Violation(
        store=store,
        reference=reference,
        source=source,
        notice=notice,
        recorded_at=at,
        recorded_by=by,
        **given,
    )
    check(violation, at)
    like = None if reference else like_violation(violation)
    try:
        with transaction.atomic():
            violation.save(force_insert=True)
    except IntegrityError:
        known = _known(store, reference)
        if known is None:
            raise
        return brought_up_to_date(known)  # the same was told twice at once
    trail.record(
        action="violation.recorded",
        by=by,
        subject=violation,
        at=at,
        store_id=store.pk,
        changes=_shown(given),
        via=via,
    )
    signals.violation_changed.send(
        sender=Violation,
        violation=violation,
        created=True,
        at=at,
        by=by,
        is_batch=is_batch,
        said_at=said_at,
    )
    return Kept(violation=violation, is_new=True, like=like)


def _known(store: Store, reference: str | None) -> Violation | None:
    """Return the store's violation of this reference, held against changes."""
    if reference is None:
        return None
    found = Violation.objects.select_for_update().filter(store=store, reference=reference)
    return found.first()


@transaction.atomic
def change_violation(
    *,
    violation: Violation,
    facts: Mapping[str, Any],
    at: datetime,
    by: Membership | None,
    said_at: datetime | None = None,
    via: str = "page",
    is_batch: bool = False,
) -> Violation:
    """Bring a violation up to date with ``facts``; nothing is told where nothing changed.

    ``said_at`` is when the marketplace told them, where that is known to be before ``at``.

    Raises:
        ViolationUnusable: as ``record_violation``.
    """
    violation = Violation.objects.select_for_update().select_related("store").get(pk=violation.pk)
    changes: dict[str, Any] = {}
    for name in (*_FACTS, "note", "reference"):
        if name in facts and facts[name] != getattr(violation, name):
            if name == "state" and violation.state in _FINAL and by is None:
                continue
            changes[name] = facts[name]
            setattr(violation, name, facts[name])
    if changes.get("state") == Violation.State.ENFORCED and violation.enforced_at is None:
        violation.enforced_at = changes["enforced_at"] = at
    if not changes:
        return violation
    check(violation, at)
    violation.save(update_fields=list(changes))
    trail.record(
        action="violation.changed",
        by=by,
        subject=violation,
        at=at,
        store_id=violation.store_id,
        changes=_shown(changes),
        via=via,
    )
    signals.violation_changed.send(
        sender=Violation,
        violation=violation,
        created=False,
        at=at,
        by=by,
        is_batch=is_batch,
        said_at=said_at,
    )
    return violation


def like_violation(violation: Violation) -> Violation | None:
    """Return another violation of the same store, rule, subject and day, if there is one."""
    return (
        Violation.objects.filter(
            store=violation.store,
            rule=violation.rule,
            subject=violation.subject,
            reported_at__gt=violation.reported_at - LIKE_WITHIN,
            reported_at__lt=violation.reported_at + LIKE_WITHIN,
        )
        .exclude(pk=violation.pk)
        .order_by("reported_at", "pk")
        .first()
    )


@transaction.atomic
def undo_notice(*, notice: Notice, by: Membership, at: datetime) -> int:
    """Take back what a notice wrote: its violations are reversed, its ratings withdrawn.

    Raises:
        ViolationUnusable: if the notice has not acted, or was undone already.
    """
    acted = Notice.objects.filter(pk=notice.pk, state=Notice.State.ACTED)
    if not acted.update(state=Notice.State.UNDONE, handled_by=by, handled_at=at):
        raise ViolationUnusable(_("There is nothing left of this notice to undo."))
    notice.refresh_from_db()
    # First the ledger: what a mistaken notice took was never taken.
    signals.notice_undone.send(sender=Notice, notice=notice, at=at, by=by)
    rows = list(Violation.objects.filter(notice=notice).select_related("store"))
    for violation in rows:
        change_violation(
            violation=violation, facts={"state": Violation.State.REVERSED}, at=at, by=by
        )
    trail.record(action="notice.undone", by=by, subject=notice, at=at, store_id=notice.store_id)
    return len(rows)


@transaction.atomic
def record_enforcement(
    *,
    store: Store,
    kind: str,
    starts_at: datetime,
    source: str,
    at: datetime,
    by: Membership | None,
    ends_at: datetime | None = None,
    violation: Violation | None = None,
    via: str = "page",
) -> Enforcement:
    """Keep what the marketplace did besides points, and tell the rating of a closing.

    Raises:
        EnforcementUnusable: if its times cannot be, or it is recorded already.
    """
    _check_times(starts_at, ends_at, at)
    same = Enforcement.objects.filter(
        store=store, kind=kind, starts_at=starts_at, withdrawn_at=None
    )
    if same.exists():
        raise EnforcementUnusable(_("This enforcement is recorded already."))
    enforcement = Enforcement.objects.create(
        store=store,
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        source=source,
        violation=violation,
        recorded_at=at,
        recorded_by=by,
    )
    signals.enforcement_changed.send(sender=Enforcement, enforcement=enforcement, at=at)
    trail.record(
        action="enforcement.recorded",
        by=by,
        subject=enforcement,
        at=at,
        store_id=store.pk,
        changes=_shown(
            {"kind": kind, "starts_at": starts_at, "ends_at": ends_at, "violation": violation}
        ),
        via=via,
    )
    return enforcement


@transaction.atomic
def change_enforcement(
    *,
    enforcement: Enforcement,
    kind: str,
    starts_at: datetime,
    ends_at: datetime | None,
    violation: Violation | None,
    at: datetime,
    by: Membership,
    via: str = "page",
) -> None:
    """Mend what was recorded of an enforcement; tell the rating of a closing, also of one less.

    Raises:
        EnforcementUnusable: if its times cannot be, or another one is the same.
    """
    _check_times(starts_at, ends_at, at)
    same = Enforcement.objects.filter(
        store=enforcement.store_id, kind=kind, starts_at=starts_at, withdrawn_at=None
    )
    if same.exclude(pk=enforcement.pk).exists():
        raise EnforcementUnusable(_("This enforcement is recorded already."))
    held = Enforcement.objects.select_for_update(of=("self",)).select_related("violation")
    before = held.get(pk=enforcement.pk)
    given = {"kind": kind, "starts_at": starts_at, "ends_at": ends_at, "violation": violation}
    changes = {}
    for name, value in given.items():
        if getattr(before, name) != value:
            changes[name] = [_json(getattr(before, name)), _json(value)]
            setattr(enforcement, name, value)
    if not changes:
        return
    enforcement.save(update_fields=list(changes))
    signals.enforcement_changed.send(
        sender=Enforcement, enforcement=enforcement, at=at, was=before.kind
    )
    trail.record(
        action="enforcement.changed",
        by=by,
        subject=enforcement,
        at=at,
        store_id=enforcement.store_id,
        changes=changes,
        via=via,
    )


@transaction.atomic
def end_enforcement(
    *,
    enforcement: Enforcement,
    ends_at: datetime,
    at: datetime,
    by: Membership | None,
    via: str = "page",
) -> None:
    """End an enforcement at ``ends_at``, where it would have gone on; tell the rating of it."""
    ends_at = max(ends_at, enforcement.starts_at)
    running = Enforcement.objects.filter(pk=enforcement.pk).filter(
        Q(ends_at=None) | Q(ends_at__gt=ends_at)
    )
    if not running.update(ends_at=ends_at):
        return
    enforcement.refresh_from_db()
    signals.enforcement_changed.send(sender=Enforcement, enforcement=enforcement, at=at)
    trail.record(
        action="enforcement.ended",
        by=by,
        subject=enforcement,
        at=at,
        store_id=enforcement.store_id,
        changes={"ends_at": str(ends_at)},
        via=via,
    )


@transaction.atomic
def withdraw_enforcement(
    *, enforcement: Enforcement, at: datetime, by: Membership | None, via: str = "page"
) -> None:
    """Take an enforcement back that was never true; what was known of it is kept for recall."""
    standing = Enforcement.objects.filter(pk=enforcement.pk, withdrawn_at=None)
    if not standing.update(withdrawn_at=at):
        return
    enforcement.refresh_from_db()
    signals.enforcement_changed.send(
        sender=Enforcement, enforcement=enforcement, at=at, was=enforcement.kind
    )
    trail.record(
        action="enforcement.withdrawn",
        by=by,
        subject=enforcement,
        at=at,
        store_id=enforcement.store_id,
        via=via,
    )


def check(violation: Violation, at: datetime) -> None:
    """Refuse a violation, saved or not, that cannot be true.

    Raises:
        ViolationUnusable: if points are positive or out of range, or a time cannot be.
    """
    if violation.points is not None and not -MOST_POINTS <= violation.points <= 0:
        raise ViolationUnusable(_("Points are taken: write them as 0 or less, at most 1000."))
    told = [moment for name in _TIMES if (moment := getattr(violation, name)) is not None]
    if not all(map(moments.is_believable, told)):
        raise ViolationUnusable(_("A date of this violation is too far off to be meant."))
    if violation.reported_at > at + timedelta(minutes=5):
        raise ViolationUnusable(_("A violation cannot be reported in the future."))
    if violation.enforced_at is not None and violation.enforced_at > at + timedelta(minutes=5):
        raise ViolationUnusable(_("Points cannot be taken in the future."))
    low, high = violation.points_low, violation.points_high
    if low is not None and high is not None and not 0 <= low <= high <= MOST_POINTS:
        raise ViolationUnusable(_("A range of points goes from the fewest to the most."))


def _check_times(starts_at: datetime, ends_at: datetime | None, at: datetime) -> None:
    if ends_at is not None and ends_at <= starts_at:
        raise EnforcementUnusable(_("An enforcement ends after it starts."))
    if not all(map(moments.is_believable, filter(None, (starts_at, ends_at)))):
        raise EnforcementUnusable(_("A date of this enforcement is too far off to be meant."))
    if starts_at > at + ANNOUNCED_AHEAD or (ends_at is not None and ends_at > at + LONGEST):
        raise EnforcementUnusable(_("This lies too far in the future to be true."))


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in facts.items()}


def _json(value: Any) -> Any:
    return value if isinstance(value, (int, str, type(None))) else str(value)
