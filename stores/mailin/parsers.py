"""What a notice says, or the word that a person must read it.

Nothing here guesses. Two numbers where there should be one, a date that could be two days, a
number that no pattern explains: each sends the notice to triage with its reason.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Literal, TypeVar

from stores import moments
from stores.mailin import patterns, plain
from stores.mailin.envelope import Mail, Problem

MAX_READ = 20_000  # characters; no notice is as long
MAX_POINTS = 200  # a deduction beyond the whole starting rating is a misreading
MAX_RATING = 1000
FARTHEST_BACK = timedelta(days=730)
FARTHEST_AHEAD = timedelta(days=400)
CLOCK_SLACK = timedelta(days=1)
MAX_DAYS = 180
MINUTE = timedelta(minutes=1)
OTHER_RULE = "other"
_NO_KINDS = frozenset({"starts_at", "ends_at", "days", "reference"})
_QUOTES = {'"': '"', "'": "'", "“": "”", "「": "」", "《": "》"}


class Why(StrEnum):
    """Why a notice waits for a person; words for them are in ``words.py``."""

    UNRECOGNISED = "unrecognised"
    OTHER_KIND = "other_kind"
    DAMAGED = "damaged"
    TOO_LONG = "too_long"
    CONTRADICTORY = "contradictory"
    PARTS_DIFFER = "parts_differ"
    NUMBER_DOUBTFUL = "number_doubtful"
    DATE_UNCLEAR = "date_unclear"
    DATE_IMPLAUSIBLE = "date_implausible"
    STATE_UNCLEAR = "state_unclear"
    REFERENCE_MISSING = "reference_missing"
    OUTCOME_UNCLEAR = "outcome_unclear"


@dataclass(frozen=True)
class StoreHint:
    """What the notice calls the store; empty where it does not say."""

    name: str = ""
    code: str = ""


@dataclass(frozen=True)
class ShopsNamed:
    """The shops that a notice names.

    ``names`` and ``codes`` are what it labels so. ``spoken_of`` are the words that begin with the
    name of the shop that is greeted or spoken of: where the name ends only who knows it can tell.
    """

    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    spoken_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class ViolationFinding:
    """A violation. Points are signed (<= 0); the range's ends are positive, low first.

    ``problems`` names what was assumed, as ``code`` or ``code:field``. ``rule`` is a rulebook's
    code or "other". Times are UTC; a deadline given as a day ends where that day ends.
    """

    reference: str | None
    rule_text: str
    rule: str
    subject: str
    points: int | None
    points_range: tuple[int, int] | None
    state: Literal["pending", "enforced"]
    reported_at: datetime
    enforced_at: datetime | None
    correct_by: datetime | None
    appeal_by: datetime | None
    expires_at: datetime | None
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class RatingFinding:
    """The platform rating as the notice states it, in points."""

    value: int
    measure: Literal["rating", "points_deducted"]
    observed_at: datetime
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class AppealFinding:
    """The outcome of an appeal; ``reference`` is the violation's."""

    reference: str
    outcome: Literal["granted", "refused"]
    decided_at: datetime
    points_restored: int | None
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnforcementHint:
    """What a person may start from who records an enforcement that a notice tells of."""

    kinds: tuple[str, ...]  # an enforcement's, in the order in which the notice tells of them
    starts_at: datetime | None
    ends_at: datetime | None
    reference: str


@dataclass(frozen=True)
class Triage:
    """Nothing to act on by itself: a person reads it. ``about`` names the field or kind."""

    reason: Why
    about: str = ""


Finding = ViolationFinding | RatingFinding | AppealFinding | Triage


class _Doubt(Exception):
    def __init__(self, reason: Why, about: str = "") -> None:
        super().__init__(reason, about)
        self.triage = Triage(reason, about)


def parse(
    mail: Mail, *, zone: tzinfo, received_at: datetime, day_first: bool | None = None
) -> list[Finding]:
    """Return what ``mail`` says, or a single Triage; the list is never empty.

    ``mail`` is one notice: of a forwarded mail give its ``notices`` one by one, not what a person
    wrote above them. Times without a zone are taken in the store's ``zone`` and named among the
    problems; ``day_first`` decides 03/04/2026 where the store's market does.
    """
    if damaged := {Problem.TRUNCATED, Problem.UNREADABLE, Problem.LETTERS_LOST} & set(
        mail.problems
    ):
        return [Triage(Why.DAMAGED, min(damaged))]
    if len(mail.text) > MAX_READ or len(mail.html_text) > MAX_READ:
        return [Triage(Why.TOO_LONG)]

    def read(text: str) -> list[Finding]:
        reader = _Reader(mail, text, zone=zone, received_at=received_at, day_first=day_first)
        try:
            return reader.findings()
        except _Doubt as doubt:
            return [doubt.triage]

    found = read(mail.text)
    if not mail.html_text:
        return found
    return _agreed(found, read(mail.html_text))


def shops_named(mail: Mail, *, received_at: datetime) -> ShopsNamed:
    """Return the shops that ``mail`` names in either of its parts, whatever else it says."""
    if len(mail.text) > MAX_READ or len(mail.html_text) > MAX_READ:
        return ShopsNamed()
    readers = [
        _Reader(mail, text, zone=UTC, received_at=received_at, day_first=None)
        for text in (mail.text, mail.html_text)
        if text
    ] or [_Reader(mail, "", zone=UTC, received_at=received_at, day_first=None)]
    found = [reader.shops() for reader in readers]
    return ShopsNamed(
        names=_once(name for one in found for name in one.names),
        codes=_once(code for one in found for code in one.codes),
        spoken_of=_once(words for one in found for words in one.spoken_of),
    )


def enforcement_told(mail: Mail, *, zone: tzinfo, received_at: datetime) -> EnforcementHint:
    """Return what can be read of an enforcement in ``mail``, for a person to look over."""
    text = (mail.text or mail.html_text)[:MAX_READ]
    reader = _Reader(mail, text, zone=zone, received_at=received_at, day_first=None)
    return reader.enforcement()


def begins_with_name(words: str, name: str) -> bool:
    """Tell whether ``words`` begin with ``name``, and not with a longer name that begins so.

    "Harbor Home VN was" does not begin with the name "Harbor Home".
    """
    wanted = " ".join(unicodedata.normalize("NFKC", name).split())
    written = unicodedata.normalize("NFKC", words).lstrip("".join(_QUOTES))
    match = re.match(re.escape(wanted), written, re.IGNORECASE)
    if match is None:
        return False
    rest = written[match.end() :]
    after = rest.lstrip()
    if any(one.match(after) for one in patterns.patterns("store.after_name")):
        return True
    starts_capital = after[:1].isalnum() and not after[:1].islower()
    return not (rest[:1].isalnum() or starts_capital or after[:1] in {"&", "+", "/"})


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _agreed(in_plain: list[Finding], in_html: list[Finding]) -> list[Finding]:
    """Take the plain part's word unless the HTML, which people see, says something else."""
    unread = Triage(Why.UNRECOGNISED)
    if in_html == [unread]:
        return in_plain
    if in_plain == [unread]:
        return in_html
    for readings in (in_plain, in_html):
        if isinstance(readings[0], Triage):
            return readings
    if list(map(_essence, in_plain)) != list(map(_essence, in_html)):
        return [Triage(Why.PARTS_DIFFER)]
    return in_plain


def _essence(finding: Finding) -> tuple[object, ...]:
    match finding:
        case ViolationFinding():
            return (
                finding.reference, finding.state, finding.points, finding.points_range,
                finding.appeal_by, finding.correct_by, finding.enforced_at,
            )  # fmt: skip
        case RatingFinding():
            return (finding.measure, finding.value)
        case AppealFinding():
            return (finding.reference, finding.outcome, finding.points_restored)
        case Triage():
            return (finding,)


@dataclass(frozen=True)
class _Hit:
    """One match of one pattern, outside sentences that only suppose."""

    match: re.Match[str]
    sentence: str

    def __getitem__(self, name: str) -> str:
        return self.match[name]

    def has(self, name: str) -> bool:
        return name in self.match.re.groupindex and self.match[name] is not None


T = TypeVar("T")
Spans = list[tuple[int, int]]


class _Reader:
    """Reads one text of one mail."""

    def __init__(
        self, mail: Mail, text: str, *, zone: tzinfo, received_at: datetime, day_first: bool | None
    ) -> None:
        self.mail = mail
        self.received_at = received_at
        self.problems: list[str] = []
        self.sent_at = self._sent_at(zone)
        whole = plain.unquoted(plain.normalised(mail.subject + ".\n\n" + text))
        self.moments = list(moments.find_moments(whole, zone=zone, day_first=day_first))
        # Dates first: "July 8, 2026, 5:" at the start of a line looks like a label.
        self.text = plain.unwrapped(self._with_tokens(whole))
        self.written = [whole[found.start : found.end] for found in self.moments]
        self.subject_ends = self.text.find("\n")

    def findings(self) -> list[Finding]:
        outcome = self._outcome()
        if outcome is not None:
            return [outcome, *self._ratings(None)]
        if self._is_other_kind():
            raise _Doubt(Why.OTHER_KIND, self._is_other_kind())
        violation = self._violation() if self._any("violation.signals") else None
        ratings = self._ratings(violation)
        if violation is None and not ratings:
            if self._any("violation.signals") and self._any(
                "violation.enforced", "violation.pending"
            ):
                raise _Doubt(Why.STATE_UNCLEAR)
            raise _Doubt(Why.UNRECOGNISED)
        return [*([violation] if violation else []), *ratings]

    # -- appeals -------------------------------------------------------------------------------

    def _outcome(self) -> AppealFinding | None:
        refused = self._hits("appeal.refused", unless="conditional")
        taken = [hit.match.span() for hit in refused]
        granted = self._hits("appeal.granted", unless="conditional", outside=taken)
        if self._hits("appeal.partly", unless="conditional"):
            raise _Doubt(Why.OUTCOME_UNCLEAR, "partly")
        if not refused and not granted:
            if self._hits("appeal.waiting", unless="conditional"):
                raise _Doubt(Why.OTHER_KIND, "appeal_waiting")
            return None
        if (refused and granted) or self._hits("violation.pending", unless="hypothetical"):
            raise _Doubt(Why.CONTRADICTORY, "outcome")
        reference = self._reference()
        if reference is None:
            raise _Doubt(Why.REFERENCE_MISSING)
        decided_at = self._time("decided_at") or self._fallback("decided_at")
        self._plausible("decided_at", decided_at)
        return AppealFinding(
            reference=reference,
            outcome="granted" if granted else "refused",
            decided_at=decided_at,
            points_restored=self._one(
                "points.restored", self._points_of(self._hits("points.restored"))
            ),
            store=self._store(),
            problems=self._told(),
        )

    # -- violations ----------------------------------------------------------------------------

    def _violation(self) -> ViolationFinding | None:
        reference = self._reference()
        rule_text, rule = self._rule()
        if reference is None and not rule_text:
            return None
        points, points_range = self._points()
        if reference is None and points is None and not points_range:
            return None
        state = self._state()
        if reference is None:
            self.problems.append("reference_missing")
        if not rule_text:
            self.problems.append("rule_missing")
        elif rule == OTHER_RULE:
            self.problems.append("rule_unknown")
        if points is None:
            self.problems.append("points_missing")

        reported_at = self._time("reported_at") or self._fallback("reported_at")
        self._plausible("reported_at", reported_at)
        enforced_at = self._time("enforced_at") if state == "enforced" else None
        if enforced_at is not None:
            self._plausible("enforced_at", enforced_at)
        deadlines = {
            name: self._deadline(name, reported_at) for name in ("correct_by", "appeal_by")
        }
        expires_at = self._time("expires_at")
        for name, moment in (*deadlines.items(), ("expires_at", expires_at)):
            if moment and not reported_at - CLOCK_SLACK <= moment <= reported_at + FARTHEST_AHEAD:
                raise _Doubt(Why.DATE_IMPLAUSIBLE, name)
        return ViolationFinding(
            reference=reference,
            rule_text=rule_text,
            rule=rule,
            subject=next(iter(self._lines("violation.subject")), ""),
            points=points,
            points_range=points_range,
            state=state,
            reported_at=reported_at,
            enforced_at=enforced_at,
            correct_by=deadlines["correct_by"],
            appeal_by=deadlines["appeal_by"],
            expires_at=expires_at,
            store=self._store(),
            problems=self._told(),
        )

    def _state(self) -> Literal["pending", "enforced"]:
        stated: set[Literal["pending", "enforced"]] = set()
        for hit in self._hits("violation.status_label"):
            pending = self._any("violation.pending", text=hit["status"])
            enforced = self._any("violation.enforced", text=hit["status"])
            if pending != enforced:
                stated.add("pending" if pending else "enforced")
        if not stated:
            if self._hits("violation.pending", unless="hypothetical"):
                stated.add("pending")
            if self._hits("violation.enforced", unless="conditional"):
                stated.add("enforced")
        if len(stated) != 1:
            raise _Doubt(Why.STATE_UNCLEAR)
        return stated.pop()

    def _reference(self) -> str | None:
        return self._one(
            "reference", [hit["ref"].strip("-_") for hit in self._hits("violation.reference")]
        )

    def _rule(self) -> tuple[str, str]:
        labelled = self._lines("violation.rule")
        for text in (*labelled, *self._lines("violation.rule_prose")):
            if code := rule_code(text):
                return text, code
        text = labelled[0] if labelled else ""
        return text, rule_code(self.text[: self.subject_ends]) or OTHER_RULE

    def _points(self) -> tuple[int | None, tuple[int, int] | None]:
        """Return the points as a number <= 0, or the range they lie in, or neither."""
        blocked = self._number_spans("points.restored", "points.total", "rating.previous")
        blocked += self._number_spans("rating.now")
        ranges = self._hits("points.range", unless="hypothetical", outside=blocked)
        ends = self._one("points", [(int(hit["low"]), int(hit["high"])) for hit in ranges])
        if ends and not ends[0] < ends[1] <= MAX_POINTS:
            raise _Doubt(Why.NUMBER_DOUBTFUL, "points")
        blocked += [hit.match.span() for hit in ranges]

        taken = self._hits("points.taken", unless="hypothetical", outside=blocked)
        values = self._points_of(taken)
        if self._hits("points.none", unless="hypothetical"):
            values.append(0)
        value = self._one("points", values)
        if value is not None and ends:
            raise _Doubt(Why.CONTRADICTORY, "points")
        if value is None and not ends:
            loose = self._hits("points.loose", unless="hypothetical", outside=blocked)
            if loose:
                raise _Doubt(Why.NUMBER_DOUBTFUL, "points")
        return (None if value is None else -value), ends

    def _points_of(self, hits: Iterable[_Hit]) -> list[int]:
        """Return the sizes of the deductions or returns that ``hits`` name."""
        values = []
        for hit in hits:
            value = whole_number(hit["n"])
            if value is None or abs(value) > MAX_POINTS:
                raise _Doubt(Why.NUMBER_DOUBTFUL, "points")
            values.append(abs(value))
        return values

    # -- ratings -------------------------------------------------------------------------------

    def _ratings(self, violation: ViolationFinding | None) -> list[RatingFinding]:
        previous = self._one("previous_rating", self._rating_values("rating.previous"))
        values = self._rating_values("rating.now")
        if not values:
            avoid = patterns.patterns("rating.label_not_with")
            values = self._rating_values(
                "rating.label", lambda hit: not any(one.search(hit.sentence) for one in avoid)
            )
        value = self._one("rating", values)
        total = self._one(
            "points_deducted", self._points_of(self._hits("points.total", unless="hypothetical"))
        )
        told_of = violation is not None and violation.state == "enforced" and violation.points
        if told_of and None not in (value, previous) and (value or 0) - (previous or 0) != told_of:
            raise _Doubt(Why.CONTRADICTORY, "rating")
        if value is None and total is None:
            return []

        # What the other finding had to assume is told there already.
        self.problems = []
        observed_at = self._time("observed_at") or self._fallback("observed_at")
        self._plausible("observed_at", observed_at)
        found: list[RatingFinding] = []
        store, told = self._store(), self._told()
        if value is not None:
            found.append(RatingFinding(value, "rating", observed_at, store, told))
        if total is not None:
            found.append(RatingFinding(total, "points_deducted", observed_at, store, told))
        return found

    def _rating_values(
        self, field: str, keep: Callable[[_Hit], bool] = lambda _hit: True
    ) -> list[int]:
        values = []
        # "from 200 to 188": a range after the new rating bars it, not after the old one.
        barred = () if field == "rating.previous" else patterns.patterns("rating.not_after")
        for hit in self._hits(field, unless="hypothetical"):
            if not keep(hit) or any(bar.match(self.text, hit.match.end("n")) for bar in barred):
                continue
            value = whole_number(hit["n"])
            if value is None or not 0 <= value <= MAX_RATING:
                raise _Doubt(Why.NUMBER_DOUBTFUL, "rating")
            values.append(value)
        return values

    # -- enforcements --------------------------------------------------------------------------

    def enforcement(self) -> EnforcementHint:
        places: dict[str, int] = {}
        told = patterns.fields_under("enforcement")
        for kind in (field.partition(".")[2] for field in told):
            hits = self._hits(f"enforcement.{kind}") if kind not in _NO_KINDS else []
            if hits:
                places[kind] = min(hit.match.start() for hit in hits)
        starts_at = self._first_moment("enforcement.starts_at")
        ends_at = self._first_moment("enforcement.ends_at")
        days = [whole_number(hit["n"]) for hit in self._hits("enforcement.days")]
        if starts_at and ends_at is None and days and days[0] and days[0] <= MAX_DAYS:
            ends_at = starts_at + timedelta(days=days[0])
        return EnforcementHint(
            kinds=tuple(sorted(places, key=lambda kind: places[kind])),
            starts_at=starts_at,
            ends_at=ends_at,
            reference=next((hit["ref"] for hit in self._hits("enforcement.reference")), ""),
        )

    def _first_moment(self, field: str) -> datetime | None:
        found = [self.moments[int(hit["date"])].moment for hit in self._hits(field)]
        return next((moment.at for moment in found if moment is not None), None)

    # -- times ---------------------------------------------------------------------------------

    def _time(self, field: str) -> datetime | None:
        """Return the one instant that the text gives for ``field``."""
        found: list[datetime] = []
        for hit in self._hits(f"times.{field}"):
            moment = self._moment(hit, field)
            found.append(moment.at)
            self._tell(moment, field)
        return self._instant(field, found)

    def _deadline(self, field: str, reported_at: datetime) -> datetime | None:
        found: list[datetime] = []
        for hit in self._hits(f"times.{field}"):
            moment = self._moment(hit, field)
            exclusive = hit.has("how") and hit["how"].lower() in patterns.exclusive_words()
            found.append(moment.at if moment.has_time or exclusive else moment.day_ends_at)
            self._tell(moment, field)
        if found:
            return self._instant(field, found)
        days = [whole_number(hit["n"]) for hit in self._hits(f"days_after_notice.{field}")]
        count = self._one(field, days)
        if count is None:
            return None
        if not 0 < count <= MAX_DAYS:
            raise _Doubt(Why.NUMBER_DOUBTFUL, field)
        self.problems.append(f"counted_from_notice:{field}")
        return reported_at + timedelta(days=count)

    def _instant(self, field: str, found: list[datetime]) -> datetime | None:
        """Return the one instant of ``found``; 9:30 and 9:30:17 are one, with its seconds cut."""
        if found and max(found) - min(found) < MINUTE:
            return max(found)
        return self._one(field, found)

    def _moment(self, hit: _Hit, field: str) -> moments.Moment:
        found = self.moments[int(hit["date"])]
        if found.moment is None:
            raise _Doubt(Why.DATE_UNCLEAR, field)
        return found.moment

    def _tell(self, moment: moments.Moment, field: str) -> None:
        if not moment.has_time:
            self.problems.append(f"time_not_stated:{field}")
        if not moment.has_zone:
            self.problems.append(f"zone_assumed:{field}")

    def _fallback(self, field: str) -> datetime:
        """Return when the notice was sent, for what it does not date."""
        if self.sent_at is None:
            self.problems.append(f"taken_from_arrival:{field}")
            return self.received_at
        if Problem.ZONE_ASSUMED in self.mail.problems:
            self.problems.append(f"zone_assumed:{field}")
        self.problems.append(f"taken_from_mail:{field}")
        return self.sent_at

    def _sent_at(self, zone: tzinfo) -> datetime | None:
        sent_at = self.mail.sent_at
        if sent_at is not None and Problem.ZONE_ASSUMED in self.mail.problems:
            sent_at = sent_at.replace(tzinfo=zone).astimezone(self.received_at.tzinfo)
        if sent_at is not None and sent_at > self.received_at:
            return None
        return sent_at

    def _plausible(self, field: str, moment: datetime) -> None:
        if not self.received_at - FARTHEST_BACK <= moment <= self.received_at + CLOCK_SLACK:
            raise _Doubt(Why.DATE_IMPLAUSIBLE, field)

    # -- words ---------------------------------------------------------------------------------

    def _store(self) -> StoreHint:
        shops = self.shops()
        return StoreHint(name=next(iter(shops.names), ""), code=next(iter(shops.codes), ""))

    def shops(self) -> ShopsNamed:
        names, codes = [], [hit["ref"] for hit in self._hits("store.code")]
        for line in self._lines("store.name"):
            both = re.fullmatch(r"(.+?) ?\(([A-Z0-9]{6,24})\)", line)
            names.append(both[1] if both else line)
            codes += [both[2]] if both else []
        everybody = patterns.patterns("store.everybody")
        spoken_of = [
            words
            for hit in self._hits("store.spoken_of")
            if (words := self._readable(hit["who"]))
            and not any(one.match(words) for one in everybody)
        ]
        return ShopsNamed(_once(names), _once(codes), _once(spoken_of))

    def _lines(self, field: str) -> list[str]:
        texts = (self._readable(hit["line"]) for hit in self._hits(field))
        return [text for text in texts if text]

    def _readable(self, text: str) -> str:
        """Return a piece of the text with its dates as they were written."""

        def written(match: re.Match[str]) -> str:
            return self.written[int(match[1])]

        text = re.sub(rf"{patterns.DATE_OPEN}(\d+){patterns.DATE_CLOSE}", written, text)
        text = " ".join(text.split()).strip(" .,;:。、")
        if text[:1] in _QUOTES and text.endswith(_QUOTES[text[0]]) and text.count(text[0]) <= 2:  # noqa: PLR2004
            text = text[1:-1].strip()
        return text[:300]

    def _is_other_kind(self) -> str:
        """Return the kind of notice that the subject announces, where it is one of the others."""
        subject = self.text[: self.subject_ends]
        for field in patterns.fields_under("others"):
            if self._any(field, text=subject):
                return field.partition(".")[2]
        return ""

    def _told(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.problems))

    # -- matching ------------------------------------------------------------------------------

    def _with_tokens(self, text: str) -> str:
        pieces, at = [], 0
        for number, found in enumerate(self.moments):
            pieces += [text[at : found.start], f"{patterns.DATE_OPEN}{number}{patterns.DATE_CLOSE}"]
            at = found.end
        return "".join([*pieces, text[at:]])

    def _any(self, *fields: str, text: str | None = None) -> bool:
        where = self.text if text is None else text
        return any(one.search(where) for field in fields for one in patterns.patterns(field))

    def _hits(self, field: str, *, unless: str = "", outside: Spans | None = None) -> list[_Hit]:
        return [
            hit
            for hits in self._hits_by_pattern(field, unless=unless, outside=outside)
            for hit in hits
        ]

    def _hits_by_pattern(
        self, field: str, *, unless: str = "", outside: Spans | None = None
    ) -> list[list[_Hit]]:
        suppose = patterns.patterns(unless) if unless else ()
        found = []
        for pattern in patterns.patterns(field):
            hits = []
            for match in pattern.finditer(self.text):
                if not _starts_its_line(self.text, match) or _within(match, outside or []):
                    continue
                sentence = plain.sentence_around(self.text, *match.span())
                if not any(one.search(sentence) for one in suppose):
                    hits.append(_Hit(match, sentence))
            found.append(hits)
        return found

    def _number_spans(self, *fields: str) -> Spans:
        return [hit.match.span() for field in fields for hit in self._hits(field)]

    def _one(self, field: str, values: Iterable[T]) -> T | None:
        distinct = list(dict.fromkeys(values))
        if len(distinct) > 1:
            raise _Doubt(Why.CONTRADICTORY, field)
        return distinct[0] if distinct else None


def rule_code(text: str) -> str:
    """Return the rulebooks' code that ``text`` names by its longest known alias, or ""."""
    text = plain.normalised(text).lower()
    for alias, code in patterns.rules():
        if alias.isascii():
            if re.search(rf"(?<![a-z]){re.escape(alias)}", text):
                return code
        elif alias in text:
            return code
    return ""


def whole_number(written: str) -> int | None:
    """Return ``written`` as an int where it is one beyond doubt: 12, -4, 1,000, twelve."""
    text = written.strip().lower().replace(" ", "")
    if text in patterns.numbers():
        return patterns.numbers()[text]
    if re.fullmatch(r"[-+]?\d{1,4}", text):
        return int(text)
    if re.fullmatch(r"[-+]?\d{1,3},\d{3}", text):
        return int(text.replace(",", ""))
    return None


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
