"""Holds what the database says about a fleet against the core, and both against the plain model."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from scoring import books
from scoring.core import rating
from scoring.core.rulebook import Library
from scoring.core.values import Options
from scoring.selectors import fleet_ratings
from scoring.selectors.fleet_ratings import COLUMNS, Kind
from scoring.services.rating import SPARK_DAYS, _columns
from tests.scoring.core import naive
from tests.scoring.fleet.random_fleets import (
    MARKETPLACE,
    SELLER_TYPE,
    Clock,
    Member,
    random_fleet,
    random_shelf,
    write,
)

STORES_A_SHELF: Final = 10
# The shipped books lie months apart, and so do the entries made for them.
LONG_CLOCK: Final = Clock(datetime(2025, 9, 1, tzinfo=UTC), timedelta(days=14))


@dataclass
class Tally:
    """How many ledgers were compared, and what could have been missed if none had it."""

    ledgers: int = 0
    seen: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Moment:
    """What is asked: about which moment, by what was known when, with which figures on."""

    at: datetime
    known_at: datetime
    switched_on: frozenset[str] = frozenset()


def hold_together(random: Random, *, stores: int, tally: Tally) -> None:
    """Make a fleet of random books and one of the shipped ones; compare all answers about both."""
    shelves = max(1, stores // STORES_A_SHELF)
    made: dict[Kind, Library] = {
        (MARKETPLACE, f"{chr(65 + n // 26)}{chr(65 + n % 26)}", SELLER_TYPE): Library(
            random_shelf(random)
        )
        for n in range(shelves)
    }
    _hold(random, made, Clock(), frozenset(), stores=stores, tally=tally)
    shipped = dict(books.shelf().libraries)
    figures = {
        figure
        for library in shipped.values()
        for book in library.books
        for figure in book.third_party
        if figure != "order_bonus"  # entries of its own, which the plain model does not make
    }
    on = frozenset(figures) if random.random() < 0.5 else frozenset()
    _hold(random, shipped, LONG_CLOCK, on, stores=max(1, stores // 4), tally=tally)


def _hold(
    random: Random,
    libraries: Mapping[Kind, Library],
    clock: Clock,
    switched_on: frozenset[str],
    *,
    stores: int,
    tally: Tally,
) -> None:
    members = random_fleet(random, libraries, stores=stores, clock=clock)
    write(members)
    at = clock.at(random.randint(-2, 45))
    known_at = random.choice([at, at, clock.at(random.randint(-2, 60))])
    moment = Moment(at, known_at, switched_on)
    figures = fleet_ratings.figures_of(libraries, at=at, known_at=known_at, switched_on=switched_on)
    ids = [member.store.pk for member in members]
    swept = fleet_ratings.swept(
        figures=figures, at=at, known_at=known_at, days=SPARK_DAYS, stores=ids
    )
    current = fleet_ratings.current(figures=figures, at=at, known_at=known_at, stores=ids)
    by_sweep = {row["store_id"]: row for row in swept}
    by_sums = {row["store_id"]: row for row in current}
    assert set(by_sweep) == set(by_sums) == set(ids)
    for member in members:
        core = expected(member, moment)
        swept_off = differing(by_sweep[member.store.pk], core)
        sums_off = differing(by_sums[member.store.pk], {**core, **fleet_ratings._NO_PAST})
        assert (swept_off, sums_off) == ({}, {}), describe(member, moment, swept_off, sums_off)
        assert plain(member, moment) == {name: core[name] for name in _PLAIN}, describe(
            member, moment
        )
        tally.ledgers += 1
        tally.seen["closed"] += core["closed_since"] is not None
        tally.seen["opened"] += core["opening_points"] is not None
        tally.seen["no rating"] += core["rating"] is None


def expected(member: Member, moment: Moment) -> dict[str, Any]:
    """Return the columns that the core's answer makes, and the points of its opening."""
    at, known_at = moment.at, moment.known_at
    options = Options(moment.switched_on, member.alive_at(at, known_at))
    answer = rating.evaluate(member.ledger, member.library, at, known_at, options)
    steps = rating.history(
        member.ledger,
        member.library,
        at - timedelta(days=SPARK_DAYS),
        at + timedelta.resolution,
        known_at,
        options,
    )
    columns = _columns(answer, steps, member.library.in_force(at, known_at))
    opening = answer.opening
    return {
        "store_id": member.store.pk,
        **{name: columns[name] for name in (*COLUMNS, "day_ago", "week_ago", "spark")},
        "opening_points": opening.points if opening and opening.active else None,
    }


_PLAIN: Final = ("rating", "raw", "points_deducted", "closed_since")


def plain(member: Member, moment: Moment) -> dict[str, Any]:
    """Return what the plain model says."""
    books_known = member.library.known(moment.known_at, moment.switched_on)
    said = naive.outcome(member.ledger, books_known, moment.at, moment.known_at)
    return {
        "rating": said.rating,
        "raw": said.raw,
        "points_deducted": said.deducted,
        "closed_since": said.closed_since,
    }


def differing(row: dict[str, Any], core: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what the database says otherwise than the core: by column, the two values."""
    return {name: (row[name], core[name]) for name in core if row[name] != core[name]}


def describe(member: Member, moment: Moment, *differences: object) -> str:
    """Return what is needed to look at a disagreement."""
    return f"\n{differences}\n{moment}\n{member.library.books}\n{member.ledger}"
