"""The platform rating, the points deducted in all, and what a health report counts."""

from collections.abc import Callable

from stores.mailin import patterns
from stores.mailin.parsers import shops
from stores.mailin.parsers.findings import (
    MAX_RATING,
    CountFinding,
    Doubt,
    RatingFinding,
    ViolationFinding,
    Why,
)
from stores.mailin.parsers.numbers import whole_number
from stores.mailin.parsers.reading import Hit, Reading

_MOST_COUNTED = 999


def read(reading: Reading, violation: ViolationFinding | None = None) -> list[RatingFinding]:
    """Return what the notice shows as the store's standing; ``violation`` is read from it too."""
    previous = reading.one("previous_rating", _values(reading, "rating.previous"))
    values = _values(reading, "rating.now")
    if not values:
        avoid = patterns.patterns("rating.label_not_with")
        values = _values(
            reading, "rating.label", lambda hit: not any(one.search(hit.sentence) for one in avoid)
        )
    value = reading.one("rating", values)
    total = reading.one(
        "points_deducted", reading.points_of(reading.hits("points.total", unless="hypothetical"))
    )
    told_of = violation is not None and violation.state == "enforced" and violation.points
    if told_of and None not in (value, previous) and (value or 0) - (previous or 0) != told_of:
        raise Doubt(Why.CONTRADICTORY, "rating")
    if value is None and total is None:
        return []

    # What the other finding had to assume is told there already.
    reading.problems = []
    observed_at = reading.when("observed_at")
    found: list[RatingFinding] = []
    store, told = shops.hint(reading), reading.told()
    if value is not None:
        found.append(RatingFinding(value, "rating", observed_at, store, told))
    if total is not None:
        found.append(RatingFinding(total, "points_deducted", observed_at, store, told))
    return found


def counts(reading: Reading) -> list[CountFinding]:
    """Return what a health report counts, only where it is one number."""
    values = {
        value
        for hit in reading.happened("report.open_violations")
        if (value := whole_number(hit["n"])) is not None and 0 <= value <= _MOST_COUNTED
    }
    return [CountFinding("open_violations", values.pop())] if len(values) == 1 else []


def _values(
    reading: Reading, field: str, keep: Callable[[Hit], bool] = lambda _hit: True
) -> list[int]:
    values = []
    # "from 200 to 188": a range after the new rating bars it, not after the old one.
    barred = () if field == "rating.previous" else patterns.patterns("rating.not_after")
    for hit in reading.hits(field, unless="hypothetical"):
        if not keep(hit) or any(bar.match(reading.text, hit.match.end("n")) for bar in barred):
            continue
        value = whole_number(hit["n"])
        if value is None or not 0 <= value <= MAX_RATING:
            raise Doubt(Why.NUMBER_DOUBTFUL, "rating")
        values.append(value)
    return values
