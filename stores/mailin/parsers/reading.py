"""One text of one mail: its dates, and what the languages' patterns find in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TypeVar

from stores import moments
from stores.mailin import patterns, plain
from stores.mailin.envelope import Mail, Problem
from stores.mailin.parsers.findings import (
    CLOCK_SLACK,
    FARTHEST_BACK,
    MAX_DAYS,
    MAX_POINTS,
    Doubt,
    Why,
)
from stores.mailin.parsers.numbers import whole_number

MINUTE = timedelta(minutes=1)
QUOTES = {'"': '"', "'": "'", "“": "”", "「": "」", "《": "》"}
_QUOTED_ONCE = 2  # signs
_IN_FIGURES = re.compile(r"(?<![\d/.-])\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?!\d)")

T = TypeVar("T")
Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Hit:
    """One match of one pattern, outside sentences that only suppose."""

    match: re.Match[str]
    sentence: str
    shown: str  # the text as it was written, letter by letter what ``match`` was found in

    def __getitem__(self, name: str) -> str:
        return self.match[name]

    def written(self, name: str) -> str:
        """Return a group in the letters of the notice."""
        return self.shown[slice(*self.match.span(name))]

    def has(self, name: str) -> bool:
        return name in self.match.re.groupindex and self.match[name] is not None


class Reading:
    """The patterns' finds in one text; a reader of a kind asks it and adds to its ``problems``."""

    def __init__(
        self, mail: Mail, text: str, *, zone: tzinfo, received_at: datetime, day_first: bool | None
    ) -> None:
        self.mail = mail
        self.received_at = received_at
        self.problems: list[str] = []
        self.sent_at = self._sent_at(zone)
        whole = plain.unquoted(plain.normalised(mail.subject + ".\n\n" + text))
        known = patterns.simplified(whole)
        if day_first is None:
            day_first = self._day_first(known, zone)
        self.moments = list(moments.find_moments(known, zone=zone, day_first=day_first))
        # Dates first: "July 8, 2026, 5:" at the start of a line looks like a label.
        self.text = plain.unwrapped(self._with_tokens(known))
        self.shown = plain.unwrapped(self._with_tokens(whole))
        self.written = [whole[found.start : found.end] for found in self.moments]
        self.subject_ends = self.text.find("\n")

    @property
    def subject(self) -> str:
        return self.text[: self.subject_ends]

    # -- matching ------------------------------------------------------------------------------

    def any(self, *fields: str, text: str | None = None) -> bool:
        where = self.text if text is None else text
        return any(one.search(where) for field in fields for one in patterns.patterns(field))

    def hits(self, field: str, *, unless: str = "", outside: Spans | None = None) -> list[Hit]:
        """Return the finds of ``field`` in order of its patterns.

        None in a sentence in which ``unless`` finds something, nor where a number lies ``outside``.
        """
        suppose = patterns.patterns(unless) if unless else ()
        found = []
        for pattern in patterns.patterns(field):
            for match in pattern.finditer(self.text):
                if not _starts_its_line(self.text, match) or _within(match, outside or []):
                    continue
                sentence = plain.sentence_around(self.text, *match.span())
                if not any(one.search(sentence) for one in suppose):
                    found.append(Hit(match, sentence, self.shown))
        return found

    def happened(self, field: str) -> list[Hit]:
        """Return the finds of ``field`` in sentences that speak of what is, not of what may be."""
        supposing = patterns.patterns("supposing")
        return [
            hit
            for hit in self.hits(field, unless="hypothetical")
            if not any(one.search(hit.sentence) for one in supposing)
        ]

    def spans(self, *fields: str) -> Spans:
        return [hit.match.span() for field in fields for hit in self.hits(field)]

    def one(self, field: str, values: Iterable[T]) -> T | None:
        """Return the one value that all ``values`` are, None of none.

        Raises:
            Doubt: if they differ.
        """
        distinct = list(dict.fromkeys(values))
        if len(distinct) > 1:
            raise Doubt(Why.CONTRADICTORY, field)
        return distinct[0] if distinct else None

    def points_of(self, hits: Iterable[Hit]) -> list[int]:
        """Return the sizes of the deductions or returns that ``hits`` name."""
        values = []
        for hit in hits:
            value = whole_number(hit["n"])
            if value is None or abs(value) > MAX_POINTS:
                raise Doubt(Why.NUMBER_DOUBTFUL, "points")
            values.append(abs(value))
        return values

    def reference(self) -> str | None:
        """Return the violation's reference."""
        return self.one(
            "reference", [hit["ref"].strip("-_") for hit in self.hits("violation.reference")]
        )

    # -- times ---------------------------------------------------------------------------------

    def time(self, field: str) -> datetime | None:
        """Return the one instant that the text gives for ``field``."""
        found: list[datetime] = []
        for hit in self.hits(f"times.{field}"):
            moment = self.moment(hit, field)
            found.append(moment.at)
            self.tell(moment, field)
        return self.instant(field, found)

    def deadline(self, field: str, reported_at: datetime) -> datetime | None:
        found: list[datetime] = []
        for hit in self.hits(f"times.{field}"):
            moment = self.moment(hit, field)
            found.append(self.end_of(hit, moment))
            self.tell(moment, field)
        if found:
            return self.instant(field, found)
        days = [whole_number(hit["n"]) for hit in self.hits(f"days_after_notice.{field}")]
        count = self.one(field, days)
        if count is None:
            return None
        if not 0 < count <= MAX_DAYS:
            raise Doubt(Why.NUMBER_DOUBTFUL, field)
        self.problems.append(f"counted_from_notice:{field}")
        return reported_at + timedelta(days=count)

    def end_of(self, hit: Hit, moment: moments.Moment) -> datetime:
        """Return until when: a bare day is included, unless a word such as "before" excludes it."""
        exclusive = hit.has("how") and hit["how"].lower() in patterns.exclusive_words()
        return moment.at if moment.has_time or exclusive else moment.day_ends_at

    def instant(self, field: str, found: list[datetime]) -> datetime | None:
        """Return the one instant of ``found``; 9:30 and 9:30:17 are one, with its seconds cut."""
        if found and max(found) - min(found) < MINUTE:
            return max(found)
        return self.one(field, found)

    def moment(self, hit: Hit, field: str) -> moments.Moment:
        found = self.moments[int(hit["date"])]
        if found.moment is None:
            raise Doubt(Why.DATE_UNCLEAR, field)
        return found.moment

    def fallback(self, field: str) -> datetime:
        """Return when the notice was sent, for what it does not date."""
        if self.sent_at is None:
            self.problems.append(f"taken_from_arrival:{field}")
            return self.received_at
        if Problem.ZONE_ASSUMED in self.mail.problems:
            self.problems.append(f"zone_assumed:{field}")
        self.problems.append(f"taken_from_mail:{field}")
        return self.sent_at

    def when(self, field: str) -> datetime:
        """Return the time of ``field``, else when the notice was sent; it is believable."""
        moment = self.time(field) or self.fallback(field)
        self.plausible(field, moment)
        return moment

    def plausible(self, field: str, moment: datetime) -> None:
        if not self.received_at - FARTHEST_BACK <= moment <= self.received_at + CLOCK_SLACK:
            raise Doubt(Why.DATE_IMPLAUSIBLE, field)

    def tell(self, moment: moments.Moment, field: str) -> None:
        if not moment.has_time:
            self.problems.append(f"time_not_stated:{field}")
        if not moment.has_zone:
            self.problems.append(f"zone_assumed:{field}")

    def _day_first(self, text: str, zone: tzinfo) -> bool | None:
        """Return whether the text's own words or dates tell that the day stands first."""
        if patterns.writes_day_first(text):
            return True
        told = moments.day_first_of(_IN_FIGURES.findall(text))
        if told is not None:
            return told
        fitting = [first for first in (True, False) if self._counts_up(text, zone, first=first)]
        return fitting[0] if len(fitting) == 1 else None

    def _counts_up(self, text: str, zone: tzinfo, *, first: bool) -> bool:
        """Tell whether "30 days, until 05/08/2026" is so long after another date if so read."""
        found = [
            one
            for one in moments.find_moments(text, zone=zone, day_first=first)
            if one.moment is not None
        ]
        dates = [one.moment.at for one in found if one.moment is not None]
        dates += [self.sent_at] if self.sent_at else []
        for one in found:
            if one.moment is None or not _IN_FIGURES.match(text, one.start, one.end):
                continue
            sentence = plain.sentence_around(text, one.start, one.end)
            counts = {
                whole_number(match["n"])
                for pattern in patterns.patterns("days_counted")
                for match in pattern.finditer(sentence)
            }
            lengths = {one.moment.at - date for date in dates}
            if any(
                count and abs(length - timedelta(days=count)) <= CLOCK_SLACK
                for count in counts
                for length in lengths
            ):
                return True
        return False

    def _sent_at(self, zone: tzinfo) -> datetime | None:
        sent_at = self.mail.sent_at
        if sent_at is not None and Problem.ZONE_ASSUMED in self.mail.problems:
            sent_at = sent_at.replace(tzinfo=zone).astimezone(self.received_at.tzinfo)
        if sent_at is not None and sent_at > self.received_at:
            return None
        return sent_at

    # -- words ---------------------------------------------------------------------------------

    def lines(self, field: str) -> list[str]:
        texts = (self.readable(hit.written("line")) for hit in self.hits(field))
        return [text for text in texts if text]

    def readable(self, text: str) -> str:
        """Return a piece of the text on one line, without signs around it."""
        text = " ".join(self.with_dates(text).split()).strip(" .,;:。、")
        if (
            text[:1] in QUOTES
            and text.endswith(QUOTES[text[0]])
            and text.count(text[0]) <= _QUOTED_ONCE
        ):
            text = text[1:-1].strip()
        return text[:300]

    def with_dates(self, text: str) -> str:
        """Return a piece of the text with its dates as they were written."""
        token = rf"{patterns.DATE_OPEN}(\d+){patterns.DATE_CLOSE}"
        return re.sub(token, lambda match: self.written[int(match[1])], text)

    def told(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.problems))

    def _with_tokens(self, text: str) -> str:
        pieces, at = [], 0
        for number, found in enumerate(self.moments):
            pieces += [text[at : found.start], f"{patterns.DATE_OPEN}{number}{patterns.DATE_CLOSE}"]
            at = found.end
        return "".join([*pieces, text[at:]])


def once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _starts_its_line(text: str, match: re.Match[str]) -> bool:
    """Refuse a label whose value is on the next line unless the label is a line of its own."""
    if "sep" not in match.re.groupindex or match["sep"] is None:
        return True
    if "\n" not in match["sep"] or any(sign in match["sep"] for sign in ":="):
        return True
    begins = text.rfind("\n", 0, match.start("sep")) + 1
    return len(text[begins : match.start()].split()) <= 1


def _within(match: re.Match[str], spans: Spans) -> bool:
    start, end = match.span("n") if "n" in match.re.groupindex else match.span()
    return any(start < stop and begin < end for begin, stop in spans)
