"""Writes to the ledger: what violations take, what reversals give back, what people adjust."""

from datetime import datetime
from typing import ClassVar

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from scoring import books
from scoring.core.rulebook import ViolationRule
from scoring.models import LedgerEntry, PointsUnknown
from scoring.selectors.figures import switched_on
from stores import rules
from stores.models import Store, Violation
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

_WEIGHS = {Violation.State.ENFORCED, Violation.State.ROLLED_OFF}


class ReversalExceeds(DomainError):
    code: ClassVar[str] = "reversal_exceeds"


class NotReversible(DomainError):
    code: ClassVar[str] = "not_reversible"


class InTheFuture(DomainError):
    code: ClassVar[str] = "in_the_future"


class WrongSign(DomainError):
    code: ClassVar[str] = "wrong_sign"


class UnknownRule(DomainError):
    code: ClassVar[str] = "unknown_rule"


class WrittenAlready(DomainError):
    code: ClassVar[str] = "written_already"


def lock(store: Store) -> None:
    """Let one transaction at a time write to this store's ledger."""
    Store.objects.select_for_update().only("pk").get(pk=store.pk)


@transaction.atomic
def keep_violation(
    *,
    violation: Violation,
    at: datetime,
    by: Membership | None,
    said_at: datetime | None = None,
) -> None:
    """Bring the ledger in line with a violation as the marketplace told it ``said_at``.

    Points first stated make a deduction; fewer points later a partial reversal; more points a
    second deduction for the difference that keeps the first one's expiry; where the points now
    return at another time they are reversed and written anew with it; a violation that lapsed
    or was reversed has its points given back. What changes is dated when the marketplace said
    so, by default ``at``, not when we heard of it. Safe to call again.
    """
    lock(violation.store)
    _keep_points(violation, at=at, by=by, decided_at=min(said_at or at, at))
    _keep_unknown(violation, at=at)


def _keep_points(
    violation: Violation, *, at: datetime, by: Membership | None, decided_at: datetime
) -> None:
    rule = _rule_of(violation)
    deductions = list(
        LedgerEntry.objects.filter(violation=violation, kind=LedgerEntry.Kind.DEDUCTION).order_by(
            "occurred_at", "id"
        )
    )
    if violation.state not in _WEIGHS:
        reason = (
            LedgerEntry.Reason.CORRECTED
            if violation.state == Violation.State.LAPSED
            else LedgerEntry.Reason.MARKETPLACE
        )
        give_back(violation=violation, reason=reason, at=at, by=by, decided_at=decided_at)
        return
    if violation.points is None:
        if not deductions:
            _estimate(violation, rule, at=at, by=by)
        _keep_times(violation, deductions, at=at, by=by)
        return
    for estimated in [entry for entry in deductions if entry.estimate_high is not None]:
        # What we guessed was ours; the stated points are written anew beside it.
        if left_of(estimated):
            _reverse(estimated, reason=LedgerEntry.Reason.MISTAKE, at=at, by=by)
    stated = [entry for entry in deductions if entry.estimate_high is None]
    stated += _keep_times(violation, stated, at=at, by=by)
    difference = violation.points - sum(left_of(entry) for entry in stated)
    if difference < 0:
        _deduct(violation, difference, at=at, by=by, after=stated, decided_at=decided_at)
    elif difference > 0:
        reason = LedgerEntry.Reason.MARKETPLACE
        give_back(
            violation=violation,
            reason=reason,
            at=at,
            by=by,
            points=difference,
            decided_at=decided_at,
        )
    elif not stated:
        _deduct(violation, 0, at=at, by=by, after=[])  # a warning


def _keep_unknown(violation: Violation, *, at: datetime) -> None:
    """Note whether the points of a violation in force are unknown since ``at``, or settled."""
    deductions = LedgerEntry.objects.filter(violation=violation, kind=LedgerEntry.Kind.DEDUCTION)
    is_unknown = violation.state == Violation.State.ENFORCED and not deductions.exists()
    facts = {
        "occurred_at": violation.enforced_at or violation.reported_at,
        "expires_at": violation.expires_at,
    }
    open_ones = PointsUnknown.objects.filter(violation=violation, settled_at=None)
    if is_unknown and open_ones.filter(**facts).exists():
        return
    open_ones.update(settled_at=at)
    if is_unknown:
        PointsUnknown.objects.create(
            store=violation.store, violation=violation, recorded_at=at, **facts
        )


def give_back(
    *,
    violation: Violation,
    reason: str,
    at: datetime,
    by: Membership | None,
    points: int | None = None,
    decided_at: datetime | None = None,
) -> int:
    """Reverse what is left of a violation's deductions; return the points given back.

    With ``points`` (> 0) at most as many, of the newest deduction first. The reversals are dated
    ``decided_at``, by default ``at``.
    """
    given = 0
    deductions = LedgerEntry.objects.filter(
        violation=violation, kind=LedgerEntry.Kind.DEDUCTION
    ).order_by("-occurred_at", "-id")
    for entry in deductions:
        left = -left_of(entry)
        part = left if points is None else min(left, points - given)
        if part > 0:
            _reverse(entry, reason=reason, at=at, by=by, points=part, decided_at=decided_at)
            given += part
    return given


@transaction.atomic
def reverse_entry(
    *,
    entry: LedgerEntry,
    reason: str,
    at: datetime,
    by: Membership | None,
    points: int | None = None,
    note: str = "",
    source: str = "person",
    decided_at: datetime | None = None,
    via: str = "page",
) -> LedgerEntry:
    """Give back ``points`` of an entry, by default all that is left of it.

    It is dated ``decided_at``, by default ``at``; a mistake at the entry's own time.

    Raises:
        NotReversible: if it is neither a deduction nor a bonus, or nothing is left of it.
        ReversalExceeds: if more is asked for than is left, or with the wrong sign.
    """
    lock(entry.store)
    if entry.kind not in {LedgerEntry.Kind.DEDUCTION, LedgerEntry.Kind.BONUS}:
        raise NotReversible(_("Only a deduction or a bonus can be reversed."))
    left = left_of(entry)
    if not left:
        raise NotReversible(_("Nothing is left of this entry to reverse."))
    if points is not None and (points * left >= 0 or abs(points) > abs(left)):
        raise ReversalExceeds(
            _("At most %(most)d points of this entry can be given back.") % {"most": -left}
        )
    return _reverse(
        entry,
        reason=reason,
        at=at,
        by=by,
        points=points,
        note=note,
        source=source,
        decided_at=decided_at,
        via=via,
    )


@transaction.atomic
def write_entry(  # noqa: PLR0913 - each is a fact of the row
    *,
    store: Store,
    kind: str,
    points: int,
    occurred_at: datetime,
    at: datetime,
    by: Membership | None,
    counts_as: str = "",
    expires_at: datetime | None = None,
    rule: str = "",
    note: str = "",
    source: str = "person",
    source_ref: str | None = None,
    via: str = "page",
) -> LedgerEntry:
    """Write a bonus, a deduction without a violation, or an adjustment.

    Raises:
        InTheFuture: if it occurs after ``at``.
        WrongSign: if a deduction would add or a bonus take points.
        UnknownRule: if the store's rulebook has no such rule.
        WrittenAlready: if an entry of this source has this reference.
    """
    lock(store)
    if occurred_at > at:
        raise InTheFuture(_("An entry cannot lie in the future."))
    if (kind == LedgerEntry.Kind.DEDUCTION and points > 0) or (
        kind == LedgerEntry.Kind.BONUS and points < 0
    ):
        raise WrongSign(_("A deduction takes points and a bonus gives them."))
    if rule:
        _demand_known(rule, store, at=occurred_at)
    same = LedgerEntry.objects.filter(store=store, source=source, source_ref=source_ref)
    if source_ref is not None and same.exists():
        raise WrittenAlready(_("An entry with this reference is written already."))
    entry = LedgerEntry.objects.create(
        store=store,
        kind=kind,
        points=points,
        counts_as=counts_as,
        occurred_at=occurred_at,
        is_expiry_stated=expires_at is not None,
        expires_at=expires_at,
        rule=rule,
        note=note,
        source=source,
        source_ref=source_ref,
        recorded_at=at,
        recorded_by=by,
    )
    record(
        action=f"ledger.{kind}",
        by=by,
        subject=entry,
        store_id=store.pk,
        at=at,
        via=via,
        changes={"points": points, "note": note},
    )
    return entry


def left_of(entry: LedgerEntry) -> int:
    """Return the signed points of a deduction or bonus that no reversal has given back."""
    reversed_points = entry.reversals.aggregate(total=Sum("points"))["total"] or 0
    return entry.points + int(reversed_points)


def _demand_known(rule: str, store: Store, *, at: datetime) -> None:
    known = rules.rules_of(store, at=at)
    if rule not in known:
        said = _("The store's rulebook has no rule %(rule)s.") % {"rule": rule}
        near = rules.near_words(rules.near_of(rule, known))
        raise UnknownRule(f"{said} {near}".strip())


def _rule_of(violation: Violation) -> ViolationRule | None:
    occurred_at = violation.enforced_at or violation.reported_at
    library = books.library_for(violation.store)
    book = library.in_force(occurred_at, violation.recorded_at)
    # What only third parties say of a rule's points makes no estimate until it is switched on.
    return book.settled(switched_on(library)).violation(violation.rule) if book else None


def _estimate(
    violation: Violation, rule: ViolationRule | None, *, at: datetime, by: Membership | None
) -> None:
    if rule is None or rule.points is None:
        return  # points unknown: the rating says that it is incomplete
    if rule.exact is not None:
        _deduct(violation, rule.exact, at=at, by=by, after=[])
    elif rule.estimate is not None:
        entry = _deduction(violation, rule.estimate.estimate, at=at, by=by)
        entry.estimate_low, entry.estimate_high = rule.estimate
        entry.save()


def _deduct(
    violation: Violation,
    points: int,
    *,
    at: datetime,
    by: Membership | None,
    after: list[LedgerEntry],
    decided_at: datetime | None = None,
) -> None:
    entry = _deduction(violation, points, at=at, by=by)
    if after:
        entry.source_ref = f"violation:{violation.pk}:{len(after)}"
        entry.is_expiry_stated = True
        entry.expires_at = violation.expires_at or _by_book(after[0])
        entry.occurred_at = max(decided_at or at, after[0].occurred_at)
    entry.save()


def _deduction(
    violation: Violation, points: int, *, at: datetime, by: Membership | None
) -> LedgerEntry:
    has_estimate = LedgerEntry.objects.filter(
        violation=violation, estimate_high__isnull=False
    ).exists()
    return LedgerEntry(
        store=violation.store,
        kind=LedgerEntry.Kind.DEDUCTION,
        points=points,
        occurred_at=min(violation.enforced_at or violation.reported_at, at),
        is_expiry_stated=violation.expires_at is not None,
        expires_at=violation.expires_at,
        rule=violation.rule,
        violation=violation,
        source=violation.source,
        source_ref=f"violation:{violation.pk}" + (":stated" if has_estimate else ""),
        recorded_at=at,
        recorded_by=by,
    )


def _keep_times(
    violation: Violation, deductions: list[LedgerEntry], *, at: datetime, by: Membership | None
) -> list[LedgerEntry]:
    """Write anew what is left of each deduction that is dated, or returns, at another time now.

    The first is dated when the points were taken, none before it. Where the marketplace states no
    expiry, or none any more, the book in force for the first of them tells it for all.
    """
    live = [entry for entry in deductions if left_of(entry)]
    if not live:
        return []
    first = live[0]
    moment = violation.enforced_at or violation.reported_at
    taken_at = moment if moment <= first.recorded_at else first.occurred_at
    library = books.library_for(first.store)
    by_book = library.expiry(taken_at, first.recorded_at, switched_on(library))
    rewritten: list[LedgerEntry] = []
    for entry in live:
        is_first = entry.occurred_at == first.occurred_at
        occurred_at = taken_at if is_first else max(entry.occurred_at, taken_at)
        if violation.expires_at is not None:
            expires: tuple[bool, datetime | None] = (True, violation.expires_at)
        elif entry is first or not entry.is_expiry_stated:
            expires = (False, None)
        else:
            expires = (True, by_book)
        if (occurred_at, *expires) != (
            entry.occurred_at,
            entry.is_expiry_stated,
            entry.expires_at,
        ):
            rewritten.append(_rewrite(entry, occurred_at, *expires, at=at, by=by))
    return rewritten


def _rewrite(
    entry: LedgerEntry,
    occurred_at: datetime,
    is_expiry_stated: bool,  # noqa: FBT001 - as the columns are ordered
    expires_at: datetime | None,
    *,
    at: datetime,
    by: Membership | None,
) -> LedgerEntry:
    left = left_of(entry)
    _reverse(entry, reason=LedgerEntry.Reason.MISTAKE, at=at, by=by)
    return LedgerEntry.objects.create(
        store=entry.store,
        kind=entry.kind,
        points=left,
        occurred_at=occurred_at,
        is_expiry_stated=is_expiry_stated,
        expires_at=expires_at,
        estimate_low=entry.estimate_low,
        estimate_high=entry.estimate_high,
        rule=entry.rule,
        violation=entry.violation,
        source=entry.source,
        source_ref=f"violation:{entry.violation_id}:times:{entry.pk}",
        recorded_at=at,
        recorded_by=by,
    )


def _by_book(entry: LedgerEntry) -> datetime | None:
    """Return when the entry expires by its book, and by the figures that count for us now."""
    library = books.library_for(entry.store)
    return library.expiry(entry.occurred_at, entry.recorded_at, switched_on(library))


def _reverse(
    entry: LedgerEntry,
    *,
    reason: str,
    at: datetime,
    by: Membership | None,
    points: int | None = None,
    note: str = "",
    source: str = "person",
    decided_at: datetime | None = None,
    via: str = "page",
) -> LedgerEntry:
    is_mistake = reason == LedgerEntry.Reason.MISTAKE
    reversal = LedgerEntry.objects.create(
        store=entry.store,
        kind=LedgerEntry.Kind.REVERSAL,
        points=-left_of(entry) if points is None else points,
        reverses=entry,
        reason=reason,
        occurred_at=(entry.occurred_at if is_mistake else max(decided_at or at, entry.occurred_at)),
        rule=entry.rule,
        violation=entry.violation,
        source=source,
        note=note,
        recorded_at=at,
        recorded_by=by,
    )
    record(
        action="ledger.reversal",
        by=by,
        subject=reversal,
        store_id=entry.store_id,
        at=at,
        via=via,
        changes={"points": reversal.points, "reason": reason},
    )
    return reversal
