"""Violations, pending and enforced, and warnings, which take no points."""

import re
from datetime import datetime
from typing import Literal

from stores.mailin import patterns, plain
from stores.mailin.parsers import shops
from stores.mailin.parsers.findings import (
    CLOCK_SLACK,
    FARTHEST_AHEAD,
    MAX_POINTS,
    OTHER_RULE,
    Doubt,
    ViolationFinding,
    Why,
)
from stores.mailin.parsers.reading import MINUTE, Hit, Reading

State = Literal["pending", "enforced"]


def read(reading: Reading) -> ViolationFinding | None:
    """Return the violation that is told of, None where there is none."""
    reference = reading.reference()
    rule_text, rule = _rule(reading)
    if reference is None and not rule_text:
        return None
    if reading.hits("relative"):
        raise Doubt(Why.DATE_UNCLEAR, "enforced_at")
    points, points_range = _points(reading)
    if reference is None and points is None and not points_range and not _says_none(reading):
        return None
    is_none = _says_none(reading)
    state = _state(reading, is_none=is_none or points == 0)
    if is_none and state == "enforced":
        # Of a pending one "no points were deducted" says only that it is not in force.
        if points or points_range:
            raise Doubt(Why.CONTRADICTORY, "points")
        points = 0
    _told(reading, points, rule=rule, rule_text=rule_text, is_referred=reference is not None)

    reported_at = reading.when("reported_at")
    enforced_at = reading.time("enforced_at") if state == "enforced" else None
    if enforced_at is not None:
        reading.plausible("enforced_at", enforced_at)
        if enforced_at > reading.received_at + MINUTE and _is_exact(reading, "enforced_at"):
            raise Doubt(Why.STATE_UNCLEAR)
    ends = _ends(reading, reported_at)
    return ViolationFinding(
        reference=reference,
        rule_text=rule_text,
        rule=rule,
        subject=next(iter(reading.lines("violation.subject")), ""),
        points=points,
        points_range=points_range,
        state=state,
        reported_at=reported_at,
        enforced_at=enforced_at,
        correct_by=ends["correct_by"],
        appeal_by=ends["appeal_by"],
        expires_at=ends["expires_at"],
        store=shops.hint(reading),
        problems=reading.told(),
    )


def rule_code(text: str) -> str:
    """Return the rulebooks' code that ``text`` names by its longest known alias, or ""."""
    text = patterns.simplified(plain.normalised(text)).lower()
    for alias, code in patterns.rules():
        if alias.isascii():
            if re.search(rf"(?<![a-z]){re.escape(alias)}", text):
                return code
        elif alias in text:
            return code
    return ""


def _ends(reading: Reading, reported_at: datetime) -> dict[str, datetime | None]:
    """Return until when one may correct and appeal, and when the points leave."""
    found = {name: reading.deadline(name, reported_at) for name in ("correct_by", "appeal_by")}
    found["expires_at"] = reading.time("expires_at")
    for name, moment in found.items():
        if moment and not reported_at - CLOCK_SLACK <= moment <= reported_at + FARTHEST_AHEAD:
            raise Doubt(Why.DATE_IMPLAUSIBLE, name)
    return found


def _told(
    reading: Reading, points: int | None, *, rule: str, rule_text: str, is_referred: bool
) -> None:
    """Note what had to be assumed."""
    missing = {
        "reference_missing": not is_referred,
        "rule_missing": not rule_text,
        "rule_unknown": bool(rule_text) and rule == OTHER_RULE,
        "points_missing": points is None,
    }
    reading.problems += [code for code, is_so in missing.items() if is_so]


def _state(reading: Reading, *, is_none: bool) -> State:
    if _is_undone(reading):
        raise Doubt(Why.STATE_UNCLEAR)
    stated = _labelled_state(reading)
    if stated:
        _agrees_with_prose(reading, stated)
    elif is_none and reading.happened("violation.warning"):
        # A warning has nothing that could still come into force, but what comes if it is repeated.
        stated.add("enforced")
        conditional = patterns.patterns("conditional")
        for hit in reading.hits("violation.not_yet", unless="hypothetical"):
            if not any(one.search(hit.sentence) for one in conditional):
                raise Doubt(Why.STATE_UNCLEAR)
    else:
        if reading.hits("violation.pending", unless="hypothetical"):
            stated.add("pending")
        if reading.hits("violation.enforced", unless="conditional"):
            stated.add("enforced")
    if len(stated) != 1:
        raise Doubt(Why.STATE_UNCLEAR)
    return stated.pop()


def _is_exact(reading: Reading, field: str) -> bool:
    """Tell whether an instant of ``field`` was told with its time and its zone."""
    return not {f"zone_assumed:{field}", f"time_not_stated:{field}"} & set(reading.problems)


def _is_undone(reading: Reading) -> bool:
    """Tell whether a violation is spoken of that is, or is to be, taken back."""
    if any(
        reading.any("violation.status_undone", text=hit["status"])
        for hit in reading.hits("violation.status_label")
    ):
        return True
    conditional = patterns.patterns("conditional")
    return any(
        not any(one.search(hit.sentence) for one in conditional)
        for hit in reading.happened("violation.undone")
    )


def _labelled_state(reading: Reading) -> set[State]:
    stated: set[State] = set()
    for hit in reading.hits("violation.status_label"):
        status = hit["status"]
        pending = reading.any("violation.pending", "violation.status_pending", text=status)
        enforced = reading.any("violation.enforced", "violation.status_enforced", text=status)
        if pending != enforced:
            stated.add("pending" if pending else "enforced")
    return stated


def _agrees_with_prose(reading: Reading, stated: set[State]) -> None:
    """Refuse a state that sentences elsewhere gainsay.

    Raises:
        Doubt: if points are said to be taken that the label says are pending, or the reverse.
    """
    labels = [hit.match.span() for hit in reading.hits("violation.status_label")]
    labels += reading.spans("points.total", "points.restored")
    conditional = patterns.patterns("conditional")
    gainsaid = {
        hit
        for field, state in (("violation.done", "pending"), ("violation.not_yet", "enforced"))
        if state in stated
        for hit in reading.hits(field, unless="hypothetical", outside=labels)
        if not any(one.search(hit.sentence) for one in conditional)
    }
    if gainsaid:
        raise Doubt(Why.CONTRADICTORY, "state")


def _rule(reading: Reading) -> tuple[str, str]:
    labelled = reading.lines("violation.rule")
    for text in (*labelled, *reading.lines("violation.rule_prose")):
        if code := rule_code(text):
            return text, code
    text = labelled[0] if labelled else ""
    return text, rule_code(reading.subject) or OTHER_RULE


def _says_none(reading: Reading) -> bool:
    conditional = patterns.patterns("conditional")
    return any(
        not any(one.search(hit.sentence) for one in conditional)
        for hit in reading.happened("points.none")
    )


def _points(reading: Reading) -> tuple[int | None, tuple[int, int] | None]:
    """Return the points as a number <= 0, or the range they lie in, or neither."""
    blocked = reading.spans("points.restored", "points.total", "rating.previous", "rating.now")
    ranges = reading.hits("points.range", unless="hypothetical", outside=blocked)
    ends = reading.one("points", [(int(hit["low"]), int(hit["high"])) for hit in ranges])
    if ends and not ends[0] < ends[1] <= MAX_POINTS:
        raise Doubt(Why.NUMBER_DOUBTFUL, "points")
    blocked += [hit.match.span() for hit in ranges]

    taken = reading.hits("points.taken", unless="hypothetical", outside=blocked)
    if any(_is_one_of_two(reading, hit) for hit in taken):
        raise Doubt(Why.NUMBER_DOUBTFUL, "points")
    values = reading.points_of(taken)
    value = reading.one("points", values)
    if value is not None and ends:
        raise Doubt(Why.CONTRADICTORY, "points")
    if value is None and not ends:
        loose = reading.hits("points.loose", unless="hypothetical", outside=blocked)
        if loose:
            raise Doubt(Why.NUMBER_DOUBTFUL, "points")
    return (None if value is None else -value), ends


def _is_one_of_two(reading: Reading, hit: Hit) -> bool:
    """Tell whether a number stands beside another: "4 or 6 points"."""
    begins, ends = hit.match.span("n")
    before = reading.text[max(0, begins - 30) : begins]
    after = patterns.patterns("points.another_after")
    return any(one.match(reading.text, ends) for one in after) or any(
        one.search(before) for one in patterns.patterns("points.another_before")
    )
