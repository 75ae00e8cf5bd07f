"""Holds what the database says about a fleet against the core, and both against the plain model."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from scoring.core import rating
from scoring.core.values import Options
from scoring.services.rating import SPARK_DAYS, _columns
from tests.scoring.core import naive
from tests.scoring.fleet.random_fleets import Member


def expected(member: Member, at: datetime, known_at: datetime) -> dict[str, Any]:
    """Return the columns that the core's answer makes, and the opening's points."""
    options = Options(channels_alive_at=member.alive_at(at, known_at))
    answer = rating.evaluate(member.ledger, member.library, at, known_at, options)
    steps = rating.history(
        member.ledger,
        member.library,
        at - timedelta(days=SPARK_DAYS),
        at + timedelta(microseconds=1),
        known_at,
        options,
    )
    book = member.library.in_force(at, known_at)
    columns = _columns(answer, steps, book)
    opening = answer.opening.points if answer.opening and answer.opening.active else None
    return {**columns, "opening_points": opening, "store_id": member.store.pk}


def differences(
    member: Member, row: dict[str, Any], at: datetime, known_at: datetime
) -> dict[str, tuple[Any, Any]]:
    """Return what the row says otherwise than the core: column to (database, core)."""
    core = expected(member, at, known_at)
    return {
        name: (value, core[name]) for name, value in row.items() if value != core[name]
    }


def plain_differences(
    member: Member, row: dict[str, Any], at: datetime, known_at: datetime
) -> dict[str, tuple[Any, Any]]:
    """Return what the row says otherwise than the plain model."""
    plain = naive.outcome(member.ledger, member.library.books, at, known_at)
    said = {
        "rating": plain.rating,
        "raw": plain.raw,
        "points_deducted": plain.deducted,
        "closed_since": plain.closed_since,

    }
    return {name: (row[name], value) for name, value in said.items() if row[name] != value}


def unknown_to(rows: Sequence[dict[str, Any]], members: Sequence[Member]) -> set[Any]:
    return {row["store_id"] for row in rows} ^ {member.store.pk for member in members}
