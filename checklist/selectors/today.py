"""What is overdue, due now, later and done: the Today page, the fleet's column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from checklist import core
from checklist.models import ProcedureItem, Round, Tick
from checklist.selectors import schedules
from checklist.selectors.checks import Check, Group, checks_of
from checklist.selectors.evidence import Evidence
from checklist.selectors.mine import mine, stores_of_team
from checklist.selectors.schedules import Later, Place
from scoring.models import StoreRating
from scoring.selectors.ratings import current_ratings
from stores.models import Store
from tenants.models import Membership

ROUNDS_A_PAGE: Final = 40
DONE_SHOWN: Final = 40
MOST_AT_ONCE: Final = 25
# Wide enough for any store's own day, whatever its zone.
_TODAY_AND_MORE: Final = timedelta(hours=36)


@dataclass(slots=True)
class Tally:
    """Checks of one store, or of all, today by the stores' own clocks; a late one is not done."""

    total: int = 0
    done: int = 0
    late: int = 0
    now: int = 0
    missed_rounds: int = 0

    def count(self, brief: "Brief", at: datetime) -> None:
        if not (brief.is_today or brief.is_open):
            return
        left = brief.total - brief.answered
        self.total += brief.total
        self.done += brief.answered
        if brief.state == Round.State.MISSED:
            self.late += left
            self.missed_rounds += 1
        elif brief.due_at <= at:
            self.late += left
        else:
            self.now += left


@dataclass(frozen=True, slots=True)
class Brief:
    """A round as far as counting needs it."""

    pk: UUID
    store_id: UUID
    due_at: datetime
    state: str
    answered: int
    total: int
    is_today: bool

    @property
    def is_open(self) -> bool:
        return self.state == Round.State.OPEN


def briefs(rounds: QuerySet[Round], *, at: datetime) -> list[Brief]:
    """Return the open rounds, and those opened or done today by the store's clock, by due time."""
    rows = (
        rounds.filter(
            Q(opens_at__gt=at - _TODAY_AND_MORE, opens_at__lte=at) | Q(state=Round.State.OPEN)
        )
        .order_by("due_at", "store__name", "pk")
        .values_list(
            "pk",
            "store_id",
            "store__time_zone",
            "opens_at",
            "done_at",
            "due_at",
            "state",
            "answered",
            "item_ids",
        )
    )
    found = []
    for pk, store, zone, opens_at, done_at, due_at, state, answered, items in rows:
        clock = core.zone_of(zone)
        today_on = at.astimezone(clock).date()
        days = {moment.astimezone(clock).date() for moment in (opens_at, done_at) if moment}
        is_today = today_on in days
        found.append(Brief(pk, store, due_at, state, answered, len(items), is_today))
    return found


def tallies(rounds: Iterable[Brief], *, at: datetime) -> dict[UUID, Tally]:
    """Return the count of each store."""
    found: dict[UUID, Tally] = {}
    for brief in rounds:
        found.setdefault(brief.store_id, Tally()).count(brief, at)
    return found


def checks_column(rounds: QuerySet[Round], *, at: datetime) -> dict[UUID, dict[str, int]]:
    """Return {done, total, late} of today by store, in one query."""
    counted = tallies(briefs(rounds, at=at), at=at)
    return {
        store: {"done": tally.done, "total": tally.total, "late": tally.late}
        for store, tally in counted.items()
        if tally.total
    }


@dataclass(frozen=True, slots=True)
class Cluster:
    """Checks under one head: a store, or an item."""

    checks: list[Check]
    store: Store | None = None
    rating: StoreRating | None = None
    tally: Tally | None = None
    item: ProcedureItem | None = None

    @property
    def agreed(self) -> list[Check]:
        """The checks that may be passed together: only where data agrees, so many at once."""
        return [check for check in self.checks if check.is_agreed][:MOST_AT_ONCE]


@dataclass(frozen=True, slots=True)
class Today:
    tally: Tally
    stores: int
    clusters: Mapping[Group, list[Cluster]]
    done: list[Check]
    later: list[Later]
    following: Later | None  # what opens next, today or tomorrow
    page: int
    pages: int

    @property
    def later_checks(self) -> int:
        return sum(one.checks for one in self.later)

    @property
    def is_clear(self) -> bool:
        return not self.tally.now and not any(self.clusters.values())


def today(
    *,
    rounds: QuerySet[Round],
    stores: QuerySet[Store],
    member: Membership,
    only_mine: bool,
    by_item: bool,
    page: int,
    at: datetime,
) -> Today:
    """Return the Today page of ``rounds`` at ``stores``, in a fixed number of queries."""
    if only_mine:
        rounds = mine(rounds, member)
    counted = briefs(rounds, at=at)
    by_store = tallies(counted, at=at)
    waiting = [one for one in counted if one.is_open]
    pages = max(1, -(-len(waiting) // ROUNDS_A_PAGE))
    page = min(max(page, 1), pages)
    shown = waiting[(page - 1) * ROUNDS_A_PAGE : page * ROUNDS_A_PAGE]
    ratings = {row.store_id: row for row in current_ratings([*by_store])}
    checks = [
        replace(check, rating=ratings.get(check.round.store_id))
        for check in checks_of([one.pk for one in shown], at=at)
    ]
    done = _done(
        [one.pk for one in counted if one.is_today or one.state == Round.State.OPEN], at=at
    )
    ahead = _later(stores, member if only_mine else None, member, at)
    return Today(
        tally=_total(counted, at),
        stores=len(by_store),
        clusters={
            group: _clusters(
                [check for check in checks if check.group is group],
                by_store,
                by_item=by_item,
            )
            for group in (Group.OVERDUE, Group.NOW)
        },
        done=done,
        later=[one for one in ahead if one.is_today],
        following=ahead[0] if ahead else None,
        page=page,
        pages=pages,
    )


def tally_of(
    *, rounds: QuerySet[Round], member: Membership, only_mine: bool, at: datetime
) -> Tally:
    """Return the head's numbers alone."""
    return _total(briefs(mine(rounds, member) if only_mine else rounds, at=at), at)


def left(rounds: QuerySet[Round], *, at: datetime) -> tuple[int, int]:
    """Return how many checks still wait for an answer, late ones and others, in one query."""
    unanswered = F("item_ids__len") - F("answered")
    counted = rounds.filter(state=Round.State.OPEN).aggregate(
        late=Sum(unanswered, filter=Q(due_at__lte=at), default=0),
        now=Sum(unanswered, filter=Q(due_at__gt=at), default=0),
    )
    return counted["late"], counted["now"]


def _done(round_ids: Sequence[UUID], at: datetime) -> list[Check]:
    ticks = (
        Tick.objects.filter(round__in=round_ids, superseded_at=None)
        .select_related("item", "round__store", "round__procedure", "member__user")
        .prefetch_related("item__limits")
        .order_by("-at", "-pk")[:DONE_SHOWN]
    )
    return [Check(tick.round, tick.item, tick, None, Evidence(()), at) for tick in ticks]


def _total(rounds: Iterable[Brief], at: datetime) -> Tally:
    whole = Tally()
    for brief in rounds:
        whole.count(brief, at)
    return whole


def _clusters(
    checks: list[Check],
    by_store: Mapping[UUID, Tally],
    *,
    by_item: bool,
) -> list[Cluster]:
    heads: dict[Any, list[Check]] = {}
    for check in checks:
        heads.setdefault(check.item.key if by_item else check.round.store_id, []).append(check)
    if by_item:
        return [Cluster(checks=under, item=under[0].item) for under in heads.values()]
    return [
        Cluster(
            checks=under,
            store=under[0].round.store,
            rating=under[0].rating,
            tally=by_store.get(store),
        )
        for store, under in heads.items()
    ]


def _later(
    stores: QuerySet[Store], mine_of: Membership | None, member: Membership, at: datetime
) -> list[Later]:
    hers = stores_of_team(member).filter(pk=OuterRef("pk"))
    places = {
        pk: Place(zone, client, is_hers)
        for pk, zone, client, is_hers in stores.annotate(is_hers=Exists(hers)).values_list(
            "pk", "time_zone", "client_id", "is_hers"
        )
    }
    return schedules.later(places, at=at, mine_of=mine_of)
