"""Milestones that were reached, and what the marketplace does about them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from stores.mailin import patterns, plain
from stores.mailin.parsers import shops
from stores.mailin.parsers.findings import (
    FARTHEST_AHEAD,
    MAX_DAYS,
    MAX_RATING,
    Doubt,
    EnforcementHint,
    MilestoneFinding,
    Told,
    Why,
)
from stores.mailin.parsers.numbers import whole_number
from stores.mailin.parsers.reading import Hit, Reading

_KIND = "milestone"
_WEEK = 7
# These are done at once: an end is not missing where none is told.
_MOMENTARY = frozenset({"listing_removed", "balance_deduction", "warning", "closed"})
_UNREAD_DATE = re.compile(r"(?<![\w-])(?:20[1-4]\d|25[678]\d) ?[-/.年] ?\d{1,2}(?!\d)")
_AGREES_WITHIN = timedelta(days=1, minutes=1)


@dataclass(frozen=True)
class _Period:
    days: frozenset[int]
    ends: frozenset[datetime]


def read(reading: Reading) -> MilestoneFinding:
    """Return what the milestone started.

    Raises:
        Doubt: if no restriction is told, or their times could be others.
    """
    actions = _actions(reading)
    if not actions:
        raise Doubt(Why.OTHER_KIND, _KIND)
    starts = [reading.moment(hit, "starts_at") for hit in _stated(reading, "enforcement.starts_at")]
    starts_at = reading.instant("starts_at", [moment.at for moment in starts])
    for moment in starts:
        reading.tell(moment, "starts_at")
    if starts_at is None:
        starts_at = reading.fallback("starts_at")
    if not starts_at <= reading.received_at + FARTHEST_AHEAD:
        raise Doubt(Why.DATE_IMPLAUSIBLE, "starts_at", _KIND)
    _all_dates_are_explained(reading)
    everywhere = _period(reading, reading.text)
    told = tuple(
        Told(kind, starts_at, _end(reading, kind, sentence, everywhere, starts_at))
        for kind, sentence in actions.items()
    )
    return MilestoneFinding(
        enforcements=told,
        value=_value(reading),
        reference=next((hit["ref"] for hit in reading.hits("enforcement.reference")), ""),
        store=shops.hint(reading),
        problems=reading.told(),
    )


def ahead(reading: Reading) -> MilestoneFinding:
    """Return the milestone that comes near: nothing is enforced yet.

    Raises:
        Doubt: if something is said to be enforced.
    """
    dated = ("enforcement.starts_at", "enforcement.ends_at")
    if reading.happened("stated.milestone"):
        raise Doubt(Why.OTHER_KIND, "warning")
    supposed = {hit.sentence for hit in reading.hits("enforcement.reached")}
    if not supposed.issuperset(_actions(reading).values()) or (
        _actions(reading) and any(_stated(reading, field) for field in dated)
    ):
        raise Doubt(Why.OTHER_KIND, "warning")
    return MilestoneFinding((), _value(reading), "", shops.hint(reading), reading.told())


def hint(reading: Reading) -> EnforcementHint:
    """Return what can be read of an enforcement, for a person to look over."""
    places: dict[str, int] = {}
    for field in patterns.fields_under("enforcement.kinds"):
        hits = reading.hits(field)
        if hits:
            places[field.rpartition(".")[2]] = min(hit.match.end() for hit in hits)
    starts_at = _first_moment(reading, "enforcement.starts_at")
    ends_at = _first_moment(reading, "enforcement.ends_at")
    days = [whole_number(hit["n"]) for hit in reading.hits("enforcement.days")]
    if starts_at and ends_at is None and days and days[0] and days[0] <= MAX_DAYS:
        ends_at = starts_at + timedelta(days=days[0])
    return EnforcementHint(
        kinds=tuple(sorted(places, key=lambda kind: places[kind])),
        starts_at=starts_at,
        ends_at=ends_at,
        reference=next((hit["ref"] for hit in reading.hits("enforcement.reference")), ""),
    )


def _first_moment(reading: Reading, field: str) -> datetime | None:
    found = [reading.moments[int(hit["date"])].moment for hit in reading.hits(field)]
    return next((moment.at for moment in found if moment is not None), None)


def _stated(reading: Reading, field: str) -> list[Hit]:
    """Return finds in sentences that state something of this milestone."""
    return [hit for hit in reading.happened(field) if not _is_aside(hit.sentence)]


def _is_aside(sentence: str) -> bool:
    """Tell whether a sentence speaks of what goes on unhindered, or of appeals."""
    return any(one.search(sentence) for one in patterns.patterns("enforcement.aside"))


def _actions(reading: Reading) -> dict[str, str]:
    """Return the kinds of enforcement that are told, in order, each with its sentence."""
    found: dict[str, tuple[int, str]] = {}
    for field in patterns.fields_under("enforcement.kinds"):
        kind = field.rpartition(".")[2]
        sentences = {hit.match.end(): hit.sentence for hit in _stated(reading, field)}
        if sentences:
            first = min(sentences)
            found[kind] = (first, " ".join(dict.fromkeys(sentences.values())))
    in_order = sorted(found.items(), key=lambda item: item[1][0])
    return {kind: sentence for kind, (_first, sentence) in in_order}


def _period(reading: Reading, within: str) -> _Period:
    days: set[int] = set()
    for field, each in (("enforcement.days", 1), ("enforcement.weeks", _WEEK)):
        for hit in _stated(reading, field):
            if hit.sentence not in within and hit.match[0] not in within:
                continue
            count = whole_number(hit["n"])
            if count is None or not 0 < count * each <= MAX_DAYS:
                raise Doubt(Why.NUMBER_DOUBTFUL, "days", _KIND)
            days.add(count * each)
    ends = {
        reading.end_of(hit, reading.moment(hit, "ends_at"))
        for hit in _stated(reading, "enforcement.ends_at")
        if hit.sentence in within
    }
    return _Period(frozenset(days), frozenset(ends))


def _end(
    reading: Reading, kind: str, sentence: str, everywhere: _Period, starts_at: datetime
) -> datetime | None:
    period = _period(reading, sentence)
    if not period.days and not period.ends:
        period = everywhere
    if len(period.days) > 1 or len(period.ends) > 1:
        raise Doubt(Why.CONTRADICTORY, "ends_at", _KIND)
    by_days = {starts_at + timedelta(days=count) for count in period.days}
    if period.ends:
        (ends_at,) = period.ends
        if any(abs(ends_at - counted) > _AGREES_WITHIN for counted in by_days):
            raise Doubt(Why.CONTRADICTORY, "ends_at", _KIND)
        if not starts_at < ends_at <= starts_at + FARTHEST_AHEAD:
            raise Doubt(Why.DATE_IMPLAUSIBLE, "ends_at", _KIND)
        return ends_at
    if by_days:
        if "taken_from_arrival:starts_at" in reading.problems:
            raise Doubt(Why.DATE_UNCLEAR, "starts_at", _KIND)
        return by_days.pop()
    if kind not in _MOMENTARY:
        if _stated(reading, "enforcement.lengths"):
            raise Doubt(Why.DATE_UNCLEAR, "ends_at", _KIND)
        reading.problems.append("end_missing")
    return None


def _all_dates_are_explained(reading: Reading) -> None:
    """Refuse a notice with a date of which no pattern says what it is the date of."""
    fields = (
        *("enforcement.starts_at", "enforcement.ends_at", "times.reported_at"),
        *("times.appeal_by", "times.observed_at", "times.expires_at", "times.correct_by"),
        *("times.decided_at", "times.enforced_at", "enforcement.reached_on"),
    )
    if _UNREAD_DATE.search(reading.text):
        raise Doubt(Why.DATE_UNCLEAR, "", _KIND)
    explained = {int(hit["date"]) for field in fields for hit in reading.hits(field)}
    for number in range(len(reading.moments)):
        token = f"{patterns.DATE_OPEN}{number}{patterns.DATE_CLOSE}"
        at = reading.text.find(token)
        if at < 0 or number in explained or at < reading.subject_ends:
            continue
        sentence = plain.sentence_around(reading.text, at, at + len(token))
        supposes = any(one.search(sentence) for one in patterns.patterns("hypothetical"))
        if not supposes and not re.fullmatch(r"\s*\W*\s*", sentence.replace(token, "")):
            raise Doubt(Why.DATE_UNCLEAR, "", _KIND)


def _value(reading: Reading) -> int | None:
    values = {whole_number(hit["n"]) for hit in reading.happened("enforcement.reached")}
    value = values.pop() if len(values) == 1 else None
    return value if value is not None and 0 <= value <= MAX_RATING else None
