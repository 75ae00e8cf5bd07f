"""The rating semantics once more, as plainly as can be: all is scanned again at every instant.

Slow on purpose, and sharing nothing with the sweep, so that the two can be compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from scoring.core.rulebook import Rulebook
from scoring.core.values import BY_BOOK, Kind, Ledger, Measure


@dataclass
class Row:
    id: str
    counts: str
    points: int
    starts: datetime
    ends: datetime | None
    low: int = 0
    high: int = 0


@dataclass
class Outcome:
    rating: int | None = None
    raw: int | None = None
    deducted: int | None = None
    closed_since: datetime | None = None
    fired: list[tuple[datetime, str]] = field(default_factory=list)
    passed: list[tuple[datetime, str]] = field(default_factory=list)
    recorded: list[tuple[datetime, str]] = field(default_factory=list)
    warned: list[tuple[datetime, str]] = field(default_factory=list)
    undone: list[tuple[datetime, str]] = field(default_factory=list)
    active: set[str] = field(default_factory=set)
    opening: int | None = None
    mild: dict[Measure, int | None] = field(default_factory=dict)


def knew(row: Any, known: datetime) -> bool:
    return row.recorded_at <= known and not (row.withdrawn_at and row.withdrawn_at <= known)


def book_of(books: Sequence[Rulebook], at: datetime) -> Rulebook | None:
    begun = [book for book in books if book.effective_from <= at]
    return max(begun, key=lambda book: book.effective_from) if begun else None


def expiry(books: Sequence[Rulebook], entry_at: datetime, stated: Any) -> datetime | None:
    ends: datetime | None = stated if stated is not BY_BOOK else None
    if stated is BY_BOOK and books:
        book = book_of(books, entry_at) or min(books, key=lambda book: book.effective_from)
        if book.window_days is not None:
            ends = entry_at + timedelta(days=book.window_days.value)
        elif book.resets is not None:
            ends = wiped(books, entry_at)
    first = min((book.effective_from for book in books), default=None)
    for book in books:
        wipes = not book.carries_over and book.effective_from != first
        if wipes and book.effective_from > entry_at:
            ends = min(ends or book.effective_from, book.effective_from)
    return ends


def wiped(books: Sequence[Rulebook], entry_at: datetime) -> datetime | None:
    """Go through the days after ``entry_at`` until the book of one of them wipes on it."""
    zone = books[0].zone
    today = entry_at.astimezone(zone).date()
    for number in range(1200):
        midnight = datetime.combine(today + timedelta(days=number), time.min, zone)
        book = book_of(books, midnight) or books[0]
        if book.resets is None or midnight <= entry_at or midnight < book.effective_from:
            continue
        starts_quarter = {1, 4, 7, 10}
        is_first = midnight.month in starts_quarter and midnight.day <= 7
        next_week = midnight.date() + timedelta(days=7)
        is_last = next_week.month in starts_quarter and midnight.month not in starts_quarter
        wipes = is_first if book.resets.rule == "first_monday_of_quarter" else is_last
        if midnight.weekday() == 0 and wipes:
            return midnight
    return None


def outcome(  # noqa: C901, PLR0912, PLR0915 - one plain walk, to be read beside the rules
    ledger: Ledger,
    all_books: Sequence[Rulebook],
    at: datetime,
    known: datetime,
    *,
    asks_what_if: bool = True,
) -> Outcome:
    books = [book for book in all_books if book.known_from <= known]
    entries = [entry for entry in ledger.entries if entry.recorded_at <= known]
    rows = [
        Row(
            entry.id,
            str(entry.counts_as or entry.kind),
            entry.points,
            entry.occurred_at,
            expiry(books, entry.occurred_at, entry.expires_at),
            *(entry.estimate or (-entry.points, -entry.points)),
        )
        for entry in entries
        if entry.kind is not Kind.REVERSAL
    ]
    backs = [entry for entry in entries if entry.kind is Kind.REVERSAL]
    shuts = [
        (each.starts_at, each.ends_at)
        for each in ledger.enforcements
        if each.kind == "closed" and knew(each, known)
    ]
    orders = [each.completed_at for each in ledger.completions if each.seen_at <= known]
    seen = [
        each
        for each in ledger.observations
        if knew(each, known)
        and (book := book_of(books, each.observed_at)) is not None
        and (each.measure is Measure.POINTS_DEDUCTED or book.start is not None)
    ]
    first_seen = min(seen, key=lambda each: (each.observed_at, each.id), default=None)

    out = Outcome()
    opening: Row | None = None
    ceased: set[str] = set()
    closed = False
    was_shut = False
    overruled: set[Measure] = set()
    reached: set[str] = set()
    zone: set[str] = set()
    book_before: Rulebook | None = None

    def weight(row: Row, now: datetime, view: str) -> int:
        if row.id in ceased or row.starts > now:
            return 0
        back = sum(
            each.points for each in backs if each.reverses == row.id and each.occurred_at <= now
        )
        left = row.points + back
        if row.counts != "deduction" or left == 0 or view == "middle" or (row.low == row.high):
            return left
        return min(0, back - row.low)

    def sums(now: datetime, view: str, *, bare: bool = False) -> tuple[int, int]:
        """Return the sum of all that weighs, and the points deducted."""
        counted = [*rows, *([opening] if opening and not bare else [])]
        total = sum(weight(row, now, view) for row in counted)
        taken = sum(weight(row, now, view) for row in counted if row.counts == "deduction")
        return total, max(0, -taken)

    def order_bonus(book: Rulebook, now: datetime) -> int:
        if book.order_bonus is None or book.window_days is None:
            return 0
        since = now - timedelta(days=book.window_days.value)
        count = sum(since < each <= now for each in orders)
        earned = book.order_bonus.points.value * (count // book.order_bonus.per_orders.value)
        cap = book.order_bonus.cap
        return earned if cap is None else min(earned, cap.value)

    def measured(
        book: Rulebook, now: datetime, view: str, *, bare: bool = False
    ) -> dict[Measure, int | None]:
        total, taken = sums(now, view, bare=bare)
        rated: int | None = None
        if book.start and book.floor and book.ceiling:
            raw = book.start.value + total + order_bonus(book, now)
            rated = min(book.ceiling.value, max(book.floor.value, raw))
        return {Measure.RATING: rated, Measure.POINTS_DEDUCTED: taken}

    def holding(book: Rulebook | None, now: datetime) -> set[Measure]:
        if book is None:
            return set()
        values = measured(book, now, "mild", bare=True)
        return {
            each.measure
            for each in book.closing
            if (value := values[each.measure]) is not None
            and (
                value <= each.at.value if each.measure is Measure.RATING else value >= each.at.value
            )
        }

    instants = {book.effective_from for book in books}
    instants |= {row.starts for row in rows} | {row.ends for row in rows if row.ends}
    instants |= {each.occurred_at for each in backs}
    instants |= {edge for shut in shuts for edge in shut if edge}
    instants |= {each.observed_at for each in seen}
    for book in books:
        if book.window_days is not None:
            window = timedelta(days=book.window_days.value)
            instants |= set(orders) | {each + window for each in orders}

    if first_seen is not None:
        opening_ends = expiry(books, first_seen.observed_at, BY_BOOK)
        instants |= {opening_ends} if opening_ends else set()

    for now in sorted(instant for instant in instants if instant <= at):
        book = book_of(books, now)
        every = [*rows, *([opening] if opening else [])]
        # Step 1: what has expired ceases.
        for row in every:
            begun = row.starts < now
            over = row.ends is not None and row.ends <= now
            if begun and over and not (closed and row.counts == "deduction"):
                ceased.add(row.id)
        # Step 2: what starts, unless its time was over before it began.
        for row in rows:
            stillborn = row.starts == now and row.ends is not None and row.ends <= now
            if stillborn and not (closed and row.counts == "deduction"):
                ceased.add(row.id)
        # Step 3: closing.
        is_shut = any(start <= now and (end is None or now < end) for start, end in shuts)

        def reopen(now: datetime = now, every: Sequence[Row] = every) -> None:
            out.closed_since = None  # what closes it again at this instant does so from now
            ceased.update(
                row.id
                for row in every
                if row.counts == "deduction" and row.starts <= now and row.ends and row.ends <= now
            )

        if is_shut:
            closed = True
        elif was_shut:
            closed = False
            reopen()
            overruled = holding(book, now)
        else:
            if closed and not holding(book, now):
                closed = False
                reopen()
            overruled &= holding(book, now)
            if holding(book, now) - overruled:
                closed = True
        was_shut = is_shut
        if not closed:
            out.closed_since = None
        elif out.closed_since is None:
            out.closed_since = now
        # The opening.
        quiet = book is not book_before
        book_before = book
        if first_seen is not None and first_seen.observed_at == now:
            assert book is not None
            quiet = True
            total, taken = sums(now, "middle")
            if first_seen.measure is Measure.RATING:
                assert book.start is not None
                points = first_seen.value - (book.start.value + total + order_bonus(book, now))
            else:
                points = taken - first_seen.value
            counts = "deduction" if points < 0 else "bonus"
            ends = expiry(books, now, BY_BOOK)
            opening = Row("opening", counts, points, now, ends, -points, -points)
            out.opening = points
        if book is None:
            continue
        # Step 4: milestones.
        values = out.mild = measured(book, now, "mild")
        backs_now = [
            each
            for each in backs
            if each.occurred_at == now
            and any(row.id == each.reverses and row.starts < now for row in rows)
        ]
        unreversed = values
        if backs_now and asks_what_if and not (first_seen and first_seen.observed_at == now):
            others = tuple(each for each in ledger.entries if each not in backs_now)
            what_if = replace(ledger, entries=others)
            unreversed = outcome(what_if, all_books, now, known, asks_what_if=False).mild

        def hits(
            values: dict[Measure, int | None], measure: Measure, threshold: int, distance: int = 0
        ) -> bool:
            value = values[measure]
            if value is None:
                return False
            if measure is Measure.RATING:
                return value <= threshold + distance
            return value >= threshold - distance

        for measure in Measure:
            ranked = sorted(
                (each for each in book.milestones if each.measure is measure),
                key=lambda each: -each.at.value if measure is Measure.RATING else each.at.value,
            )
            newly = [
                each.code
                for each in ranked
                if hits(values, measure, each.at.value) and each.code not in reached
            ]
            if quiet:
                out.recorded += [(now, code) for code in newly]
            elif newly:
                out.passed += [(now, code) for code in newly[:-1]]
                out.fired.append((now, newly[-1]))
            for each in ranked:
                if each.code in reached and not hits(values, measure, each.at.value):
                    reached.discard(each.code)
                    if hits(unreversed, measure, each.at.value):
                        out.undone.append((now, each.code))
            reached |= set(newly)
            if book.warning_distance is not None:
                distance = book.warning_distance.value
                warn = []
                for each in ranked:
                    near = hits(values, measure, each.at.value, distance)
                    if near and each.code not in zone and each.code not in reached:
                        warn.append(each.code)
                    (zone.add if near else zone.discard)(each.code)
                if warn and not quiet:
                    out.warned.append((now, warn[-1]))
        codes = {each.code for each in book.milestones}
        reached &= codes
        zone &= codes

    book = book_of(books, at)
    if book is not None:
        total, taken = sums(at, "middle")
        out.deducted = taken
        if book.start is not None:
            out.raw = book.start.value + total + order_bonus(book, at)
            out.rating = measured(book, at, "middle")[Measure.RATING]
    out.active = {row.id for row in rows if row.starts <= at and row.id not in ceased}
    return out


def plain_sum(ledger: Ledger, book: Rulebook, at: datetime) -> int:
    """Return the clamped sum of what is active at ``at``, for a book that never closes."""
    assert book.start is not None
    assert book.floor is not None
    assert book.ceiling is not None
    active = {
        entry.id
        for entry in ledger.entries
        if entry.kind is not Kind.REVERSAL
        and entry.occurred_at <= at
        and ((ends := expiry([book], entry.occurred_at, entry.expires_at)) is None or at < ends)
    }
    total = sum(
        entry.points
        for entry in ledger.entries
        if entry.id in active or (entry.reverses in active and entry.occurred_at <= at)
    )
    return min(book.ceiling.value, max(book.floor.value, book.start.value + total))
