"""Notices without a record, and records without a notice: each shows what one side missed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from scoring.models import Explanation, LedgerEntry
from stores.mailin.parsers import ViolationFinding
from stores.models import Notice, Store, Violation
from stores.services import notices

_TELLING: Final = ("violation", "milestone", "enforcement")  # kinds of notices
_BY_HAND: Final = ("person", "file", "integration")  # sources that a notice should confirm
_ALIKE_WITHIN: Final = timedelta(days=1)
MOST: Final = 50  # of a list; more would not be read


@dataclass(frozen=True, slots=True)
class Loose:
    """A row of one side that nothing of the other side stands for."""

    store: Store
    notice: Notice | None = None
    violation: Violation | None = None
    entry: LedgerEntry | None = None
    told: ViolationFinding | None = None  # what the notice tells, where it was read
    same: Violation | None = None  # what it may well be the same as

    @property
    def key(self) -> str:
        row = self.notice or self.violation or self.entry
        assert row is not None, "Something is loose."
        return f"{row._meta.model_name}:{row.pk}"  # noqa: SLF001 - Django's public name


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Both lists, newest first, at most 50 rows each."""

    notices: tuple[Loose, ...]
    records: tuple[Loose, ...]

    @property
    def count(self) -> int:
        return len(self.notices) + len(self.records)


def reconciliation_of(stores: Collection[Store]) -> Reconciliation:
    """Return what is loose at ``stores``, in a fixed number of queries; notices are not read."""
    by_id = {store.pk: store for store in stores}
    ids = list(by_id)
    loose = [
        Loose(store=by_id[notice.store_id], notice=notice)
        for notice in _loose_notices(ids).defer("text", "original")[:MOST]
        if notice.store_id is not None
    ]
    records = [
        *(Loose(store=by_id[one.store_id], violation=one) for one in _loose_violations(ids)),
        *(Loose(store=by_id[row.store_id], entry=row) for row in _loose_entries(ids)[:MOST]),
    ]
    return Reconciliation(tuple(loose), tuple(records))


def read(store: Store) -> Reconciliation:
    """Return what is loose at one store, each notice read and matched with a record.

    The same rule, within a day, and the same points where both state them.
    """
    found = reconciliation_of([store])
    candidates = list(
        Violation.objects.filter(store=store)
        .exclude(pk__in=_same_already(store))
        .order_by("-reported_at", "-id")[: 4 * MOST]
    )
    texts = {one.pk: one for one in _loose_notices([store.pk]).defer("original")[:MOST]}
    told = []
    for loose in found.notices:
        assert loose.notice is not None, "This is the list of notices."
        notice = texts.get(loose.notice.pk, loose.notice)
        finding = notices.violation_told(notice, store)
        told.append(
            Loose(
                store=store,
                notice=notice,
                told=finding,
                same=_match(finding, candidates) if finding else None,
            )
        )
    return Reconciliation(tuple(told), found.records)


def _same_already(store: Store) -> QuerySet[Explanation, UUID | None]:
    return Explanation.objects.filter(store=store, violation__isnull=False).values_list(
        "violation", flat=True
    )


def _match(told: ViolationFinding, candidates: Sequence[Violation]) -> Violation | None:
    for one in candidates:
        if told.reference and one.reference and told.reference != one.reference:
            continue
        is_near = any(
            abs(ours - theirs) < _ALIKE_WITHIN
            for ours in (one.reported_at, one.enforced_at)
            for theirs in (told.reported_at, told.enforced_at)
            if ours is not None and theirs is not None
        )
        is_equal = None in {one.points, told.points} or one.points == told.points
        if one.rule == told.rule and is_near and is_equal:
            return one
    return None


def _loose_notices(store_ids: Sequence[UUID]) -> QuerySet[Notice]:
    """Return notices that tell of points or enforcements and stand behind no record."""
    has_record = Violation.objects.filter(notice=OuterRef("pk"))
    is_explained = Explanation.objects.filter(notice=OuterRef("pk"))
    return (
        Notice.objects.filter(
            store__in=store_ids,
            kind__in=_TELLING,
            state__in=(Notice.State.TRIAGE, Notice.State.SET_ASIDE),
        )
        .exclude(trust=Notice.Trust.SUSPICIOUS)
        .exclude(Exists(has_record))
        .exclude(Exists(is_explained))
        .order_by("-received_at", "-id")
    )


def _loose_violations(store_ids: Sequence[UUID]) -> list[Violation]:
    """Return violations that no notice told us of, though the marketplace sends one of each."""
    is_explained = Explanation.objects.filter(violation=OuterRef("pk"))
    found = list(
        Violation.objects.filter(store__in=store_ids, notice=None, source__in=_BY_HAND)
        .exclude(state=Violation.State.REVERSED)
        .exclude(Exists(is_explained))
        .select_related("store")
        .order_by("-reported_at", "-id")[:MOST]
    )
    if not found:
        return []
    # A notice that found a violation known already stands for it, though it is not its first.
    names_one = Q()
    for one in found:
        names_one |= Q(did__contains=[{"id": str(one.pk)}])
    told = {
        done.get("id")
        for did in Notice.objects.filter(names_one, store__in=store_ids).values_list(
            "did", flat=True
        )
        for done in did
    }
    return [one for one in found if str(one.pk) not in told]


def _loose_entries(store_ids: Sequence[UUID]) -> QuerySet[LedgerEntry]:
    """Return deductions that a person or program wrote without a violation, and that stand."""
    is_explained = Explanation.objects.filter(entry=OuterRef("pk"))
    is_reversed = LedgerEntry.objects.filter(reverses=OuterRef("pk"), reason="mistake")
    return (
        LedgerEntry.objects.filter(
            store__in=store_ids,
            kind=LedgerEntry.Kind.DEDUCTION,
            violation=None,
            source__in=_BY_HAND,
        )
        .exclude(Exists(is_explained))
        .exclude(Exists(is_reversed))
        .order_by("-occurred_at", "-id")
    )
