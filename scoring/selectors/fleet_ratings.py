"""The ratings of a whole agency, computed by its database in one statement.

Two statements say the same in two ways. ``CURRENT`` adds up what weighs now, and is what the
agency's pages stand on when all its stores change at once. ``SWEEP`` runs over every instant of
every ledger, and is what both the core and ``CURRENT`` are held against each night. Their texts
are in ``scoring/sql/``: common table expressions that read from top to bottom.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from string import Template
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from scoring.core.rulebook import (
    Library,
    Rulebook,
    SellerType,
    book_at,
    expiry_by_book,
    with_successors,
)
from scoring.core.values import Measure
from stores.moments import EARLIEST

TEXTS: Final = Path(__file__).parents[1] / "sql"
Kind = tuple[str, str, SellerType]  # marketplace, market
_FOREVER: Final = "infinity"
_ALWAYS: Final = 2**31 - 1


def _text(name: str) -> str:
    """Return one text of ``scoring/sql`` with its one macro filled in."""
    order_points = (TEXTS / "order_points.sql").read_text(encoding="utf-8").strip()
    text = (TEXTS / f"{name}.sql").read_text(encoding="utf-8").rstrip()
    return Template(text).substitute(order_points=order_points)


def _statement(ledger: str, sums: str) -> str:
    """Return the statement that reads the text ``ledger`` and adds up by the text ``sums``."""
    names = ("books", "stores", "asked", ledger, "entries", "weights", sums, "closings", "levels")
    return "WITH RECURSIVE\n" + ",\n\n".join(_text(name) for name in (*names, "answers"))


# What an answer says of the moment asked about, as ``StoreRating`` keeps it.
COLUMNS: Final = (
    "rating",
    "raw",
    "points_deducted",
    "band",
    "label",
    "label_zh",
    "standing",
    "rulebook",
    "closed_since",
    "platform_value",
    "platform_measure",
    "platform_at",
    "drift",
    "is_drift_alert",
    "milestone",
    "milestone_measure",
    "milestone_at",
    "milestone_distance",
    "is_near_milestone",
    "next_expiry_at",
    "next_expiry_points",
)
_NO_PAST: Final = {"day_ago": None, "week_ago": None, "spark": None}
# Up to and with the table ``answers``: ``store_id``, COLUMNS, day_ago, week_ago and spark.
CURRENT: Final = _statement("ledger_few", "current")
SWEEP: Final = _statement("ledger_all", "sweep")


def figures_of(
    libraries: Mapping[Kind, Library],
    *,
    at: datetime,
    known_at: datetime,
    switched_on: frozenset[str] = frozenset(),
) -> str:
    """Return all figures of the books known at ``known_at``, as the statements' JSON parameter."""
    told: dict[str, list[dict[str, Any]]] = {
        "libraries": [],
        "books": [],
        "bands": [],
        "milestones": [],
        "expiries": [],
    }
    number = 0
    for library, (kind, shelf) in enumerate(libraries.items()):
        books = shelf.known(known_at, switched_on)
        marketplace, market, seller_type = kind
        told["libraries"].append(
            {
                "library": library,
                "marketplace": marketplace,
                "market": market,
                "seller_type": seller_type,
                "reach_total": max(_reach_totals(books), default=None),
                "reach_deducted": min(_reach_deducted(books), default=None),
                "longest": _longest(books),
            }
        )
        for book, successor in with_successors(books):
            number += 1
            told["books"].append({"library": library, **_book(number, book, successor)})
            told["bands"].extend({"book": number, **row} for row in _bands(book))
            told["milestones"].extend({"book": number, **row} for row in _milestones(book))
        told["expiries"].extend(
            {"library": library, **row} for row in _expiries(books, until=max(at, known_at))
        )
    return json.dumps(told)


def _book(number: int, book: Rulebook, successor: Rulebook | None) -> dict[str, Any]:
    bonus = book.order_bonus
    is_rolling = bonus is not None and bonus.mode == "rolling_count" and book.window is not None
    closes_at = {condition.measure: condition.at.value for condition in book.closing}
    return {
        "book": number,
        "name": book.name,
        "since": book.effective_from.isoformat(),
        "until": successor.effective_from.isoformat() if successor else _FOREVER,
        "start": book.start.value if book.start else None,
        "floor": book.floor.value if book.floor else None,
        "ceiling": book.ceiling.value if book.ceiling else None,
        "tolerance": book.tolerance,
        "warning": book.warning_distance.value if book.warning_distance else 0,
        "closes_at_rating": closes_at.get(Measure.RATING),
        "closes_at_deducted": closes_at.get(Measure.POINTS_DEDUCTED),
        "order_points": bonus.points.value if bonus and is_rolling else None,
        "per_orders": bonus.per_orders.value if bonus and is_rolling else None,
        "order_cap": bonus.cap.value if bonus and is_rolling and bonus.cap else None,
        "order_window": _hours(book.window) if is_rolling and book.window else None,
    }


def _bands(book: Rulebook) -> Iterable[dict[str, Any]]:
    for band, higher in zip_longest(book.bands, book.bands[1:]):
        yield {
            "code": band.code.value,
            "at": band.at.value,
            "below": higher.at.value if higher else None,
            "label": band.label,
            "label_zh": band.label_zh,
        }


def _milestones(book: Rulebook) -> Iterable[dict[str, Any]]:
    for place, milestone in enumerate(book.milestones):
        yield {
            "place": place,
            "code": milestone.code,
            "measure": milestone.measure.value,
            "at": milestone.at.value,
        }


def _expiries(books: Sequence[Rulebook], *, until: datetime) -> Iterable[dict[str, Any]]:
    """Yield how long what occurs when weighs, by ``books`` alone, from the earliest on."""
    spans: list[tuple[datetime, _Expiry]] = []
    since: datetime | None = EARLIEST if books else None
    while since is not None:
        expiry = _expiry(books, since)
        if not spans or spans[-1][1] != expiry:
            spans.append((since, expiry))
        turns = [*(book.effective_from for book in books), expiry.ends_at]
        since = min((turn for turn in turns if turn and since < turn <= until), default=None)
    for (since, expiry), following in zip_longest(spans, spans[1:]):
        yield {
            "since": since.isoformat(),
            "until": following[0].isoformat() if following else _FOREVER,
            "lasts": _hours(expiry.lasts) if expiry.lasts else None,
            "ends_at": expiry.ends_at.isoformat() if expiry.ends_at else None,
            "wiped_at": expiry.wiped_at.isoformat() if expiry.wiped_at else None,
        }


class _Expiry(NamedTuple):
    """When what occurs in a span of time expires: after a time, at a moment, when wiped."""

    lasts: timedelta | None
    ends_at: datetime | None
    wiped_at: datetime | None


def _expiry(books: Sequence[Rulebook], occurred_at: datetime) -> _Expiry:
    own = book_at(books, occurred_at) or books[0]
    wipes = (book.effective_from for book in books[1:] if not book.carries_over)
    return _Expiry(
        lasts=own.window,
        ends_at=None if own.window else expiry_by_book(books, occurred_at).instant,
        wiped_at=next((wiped for wiped in wipes if wiped > occurred_at), None),
    )


def _longest(books: Sequence[Rulebook]) -> str | None:
    """Return how long an entry weighs at most, by the books; None: without end, or until a day."""
    if not books or any(book.window is None for book in books):
        return None
    return _hours(max(book.window for book in books if book.window is not None))


def _hours(lasts: timedelta) -> str:
    """Return a length as PostgreSQL's interval: in hours, since its days follow the clocks."""
    return f"{lasts // timedelta(hours=1)} hours"


def _reach_totals(books: Iterable[Rulebook]) -> Iterable[int]:
    """Yield how low the sum of a store's points must be for its rating to close it, by book."""
    for book in books:
        for condition in book.closing:
            if condition.measure is Measure.RATING and book.start and book.ceiling:
                always = condition.at.value >= book.ceiling.value
                yield _ALWAYS if always else condition.at.value - book.start.value


def _reach_deducted(books: Iterable[Rulebook]) -> Iterable[int]:
    """Yield how many points deducted close a store, by book."""
    for book in books:
        for condition in book.closing:
            if condition.measure is Measure.POINTS_DEDUCTED:
                yield condition.at.value


def current(
    *, figures: str, at: datetime, known_at: datetime, stores: Sequence[UUID] | None = None
) -> list[dict[str, Any]]:
    """Return the current answers, a row a store; without ``stores`` of all there are.

    ``figures`` are those of ``figures_of``. They tell of ``at`` alone: days ago and ``spark``
    are None.
    """
    asked = parameters(figures=figures, at=at, known_at=known_at, days=(0,), stores=stores)
    return [{**row, **_NO_PAST} for row in fetched(f"{CURRENT}\nSELECT * FROM answers", asked)]


def swept(
    *,
    figures: str,
    at: datetime,
    known_at: datetime,
    days: int,
    stores: Sequence[UUID] | None = None,
) -> list[dict[str, Any]]:
    """Return the answers of the verifying sweep, a row a store.

    ``figures`` are those of ``figures_of``, ``days`` how many daily ratings ``spark`` holds.
    """
    asked = parameters(figures=figures, at=at, known_at=known_at, days=range(days), stores=stores)
    return [
        {**row, "spark": json.loads(row["spark"])}
        for row in fetched(f"{SWEEP}\nSELECT * FROM answers", asked)
    ]


def parameters(
    *,
    figures: str,
    at: datetime,
    known_at: datetime,
    days: Iterable[int],
    stores: Sequence[UUID] | None = None,
) -> dict[str, Any]:
    """Return what the statements take; ``days`` back are asked about, 0 among them.

    ``CURRENT`` tells of day 0 alone.
    """
    return {
        "books": figures,
        "at": at,
        "known_at": known_at,
        "days": list(days),
        "stores": None if stores is None else list(stores),
    }


def fetched(statement: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Run one of the statements; return its rows by column."""
    names, rows = _run(statement, asked)
    return [dict(zip(names, row, strict=True)) for row in rows]


def first_column(statement: str, asked: dict[str, Any]) -> list[Any]:
    """Run one of the statements; return the first value of each row."""
    _, rows = _run(statement, asked)
    return [row[0] for row in rows]


def _run(statement: str, asked: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        # The planner cannot know how few rows a part of these statements leaves. A loop within a
        # loop where it guessed too low is the one mistake that would cost minutes.
        cursor.execute(
            "SELECT set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true),"
            " set_config('work_mem', '32MB', true)"
        )
        cursor.execute(statement, asked)
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
        cursor.execute("RESET enable_nestloop")
        cursor.execute("RESET work_mem")
        cursor.execute("RESET jit")
    return names, rows
