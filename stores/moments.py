"""Dates and times as people, notices and exports write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

# What may be meant: no marketplace of ours kept such records earlier, nor looks further ahead.
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
LATEST = datetime(2101, 1, 1, tzinfo=UTC)  # excluded
BUDDHIST_FIRST, BUDDHIST_LAST, BUDDHIST_OFFSET = 2558, 2643, 543
MONTHS_IN_YEAR = 12
HALF_DAY = 12
FARTHEST_OFFSET = timedelta(hours=14)

MONTHS = {
    name: at
    for at, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        start=1,
    )
}
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"

# Only abbreviations that mean one thing to a seller. CST is China's and Chicago's: it is taken
# only where it is what the store's own zone is called.
ZONES: dict[str, tzinfo] = {
    "utc": UTC,
    "gmt": UTC,
    "z": UTC,
    "pst": timezone(timedelta(hours=-8)),
    "pdt": timezone(timedelta(hours=-7)),
    "mst": timezone(timedelta(hours=-7)),
    "mdt": timezone(timedelta(hours=-6)),
    "cdt": timezone(timedelta(hours=-5)),
    "est": timezone(timedelta(hours=-5)),
    "edt": timezone(timedelta(hours=-4)),
    "pt": ZoneInfo("America/Los_Angeles"),
    "et": ZoneInfo("America/New_York"),
    "bst": timezone(timedelta(hours=1)),
    "cet": timezone(timedelta(hours=1)),
    "cest": timezone(timedelta(hours=2)),
    "ict": timezone(timedelta(hours=7)),
    "wib": timezone(timedelta(hours=7)),
    "wita": timezone(timedelta(hours=8)),
    "wit": timezone(timedelta(hours=9)),
    "sgt": timezone(timedelta(hours=8)),
    "myt": timezone(timedelta(hours=8)),
    "pht": timezone(timedelta(hours=8)),
    "hkt": timezone(timedelta(hours=8)),
    "北京时间": timezone(timedelta(hours=8)),
    "中国标准时间": timezone(timedelta(hours=8)),
    "新加坡时间": timezone(timedelta(hours=8)),
    "越南时间": timezone(timedelta(hours=7)),
    "泰国时间": timezone(timedelta(hours=7)),
    "太平洋时间": ZoneInfo("America/Los_Angeles"),
}
AMBIGUOUS_ZONES = ("cst", "ist", "ast")
AFTERNOON = {"pm", "下午", "晚上", "中午"}
NOON = "中午"
NOON_FROM = 10  # o'clock: 中午11:05 is in the morning yet
MORNING = {"am", "上午", "凌晨", "早上"}
_ABBREVIATION = "|".join(sorted([*ZONES, *AMBIGUOUS_ZONES], key=len, reverse=True))

PATTERN = re.compile(
    rf"""
    (?<![\w.])
    (?:(?P<zone_before>北京时间|新加坡时间|越南时间|泰国时间|太平洋时间)\s*)?
    (?:
        (?P<y1>\d{{4}})\s?[-/.]\s?(?P<m1>\d{{1,2}})\s?[-/.]\s?(?P<d1>\d{{1,2}})(?!\d)
      | (?P<y2>\d{{4}})\s?年\s?(?P<m2>\d{{1,2}})\s?月\s?(?P<d2>\d{{1,2}})\s?[日号]
      | (?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}})[-/.](?P<y3>\d{{4}})(?!\d)
      | {_WEEKDAY}(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?[\s-](?P<n4>{_MONTH}),?[\s-](?P<y4>\d{{4}})(?!\d)
      | {_WEEKDAY}(?P<n5>{_MONTH})\s(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y5>\d{{4}})(?!\d)
    )
    (?:
        (?:\s*[T,，]\s*|\s+at\s+|\s*[\(（]?(?:星期|周)[一二三四五六日天][\)）]?\s*|\s+|(?<=[日号]))
        (?P<half_before>上午|下午|晚上|凌晨|早上|中午)?\s?
        (?P<hour>\d{{1,2}})[:：时点](?P<minute>\d{{2}})
        (?:[:：分](?P<second>\d{{2}}))?(?:[.,]\d{{1,9}})?[分秒]?
        (?:\s?(?P<half>[ap])\.?m\b\.?)?
    )?
    (?:
        \s*[\(（\[]?\s*
        (?:
            (?:(?:utc|gmt)\s?)(?P<offset>[-+]\d{{1,2}}(?::?\d{{2}})?)(?!\d)
          | (?P<bare>[-+]\d{{2}}:?\d{{2}})(?!\d)
          | (?P<named>{_ABBREVIATION})(?![\w+-])
          | (?P<iana>(?:Asia|America|Europe|Australia|Pacific)/[A-Za-z_]{{3,24}})
        )
        \s*[\)）\]]?
    )?
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Unclear(StrEnum):
    NOT_A_DATE = "not_a_date"
    NO_SUCH_DATE = "no_such_date"
    DAY_OR_MONTH = "day_or_month"
    WHICH_ZONE = "which_zone"
    FAR_OFF = "far_off"


class MomentUnreadable(ValueError):
    """The text is no single moment; ``why`` says what stands in the way."""

    def __init__(self, why: Unclear) -> None:
        super().__init__(why.value)
        self.why = why


def is_believable(moment: datetime) -> bool:
    """Say whether an aware moment can be meant; the rule for all that is typed, sent or read.

    Never raises, also where the moment could not be told in another zone any more.
    """
    return EARLIEST <= moment < LATEST


@dataclass(frozen=True)
class Moment:
    """An instant as it was written. Without a time of day it is the start of that day."""

    at: datetime  # UTC
    has_time: bool
    has_zone: bool
    day_ends_at: datetime  # UTC: where the written day is over


@dataclass(frozen=True)
class Found:
    start: int
    end: int
    moment: Moment | None
    why: Unclear | None


def read_moment(text: str, *, zone: tzinfo, day_first: bool | None = None) -> Moment:
    """Return the moment that ``text`` as a whole is; without a zone of its own it is in ``zone``.

    ``day_first`` decides 03/04/2026 where the figures alone do not.

    Raises:
        MomentUnreadable: if the text is something else, impossible, or could be two days.
    """
    match = PATTERN.fullmatch(" ".join(text.split()))
    if match is None:
        raise MomentUnreadable(Unclear.NOT_A_DATE)
    return _moment(match, zone, day_first=day_first)


def find_moments(text: str, *, zone: tzinfo, day_first: bool | None = None) -> Iterator[Found]:
    """Yield every date in ``text``, in order, the unclear ones with the reason."""
    for match in PATTERN.finditer(text):
        try:
            moment = _moment(match, zone, day_first=day_first)
        except MomentUnreadable as refusal:
            yield Found(match.start(), match.end(), None, refusal.why)
        else:
            yield Found(match.start(), match.end(), moment, None)


def day_first_of(values: list[str]) -> bool | None:
    """Return which order the dates of one column are in, or None where nothing tells."""
    days_first = months_first = False
    for value in values:
        match = re.match(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}", value)
        if match:
            days_first |= int(match[1]) > MONTHS_IN_YEAR
            months_first |= int(match[2]) > MONTHS_IN_YEAR
    return None if days_first == months_first else days_first


def _moment(match: re.Match[str], zone: tzinfo, *, day_first: bool | None) -> Moment:
    year, month, day = _day(match, day_first=day_first)
    if BUDDHIST_FIRST <= year <= BUDDHIST_LAST:
        year -= BUDDHIST_OFFSET
    hour, minute, second = _time(match)
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - zone follows
    except ValueError:
        raise MomentUnreadable(Unclear.NO_SUCH_DATE) from None
    stated = _zone(match, local, zone)
    if not is_believable(local.replace(tzinfo=stated or zone)):
        raise MomentUnreadable(Unclear.FAR_OFF)
    midnight = local.replace(hour=0, minute=0, second=0)
    return Moment(
        at=local.replace(tzinfo=stated or zone).astimezone(UTC),
        has_time=match["hour"] is not None,
        has_zone=stated is not None,
        day_ends_at=(midnight + timedelta(days=1)).replace(tzinfo=stated or zone).astimezone(UTC),
    )


def _day(match: re.Match[str], *, day_first: bool | None) -> tuple[int, int, int]:
    if match["y1"]:
        return int(match["y1"]), int(match["m1"]), int(match["d1"])
    if match["y2"]:
        return int(match["y2"]), int(match["m2"]), int(match["d2"])
    for suffix in ("4", "5"):
        if match["y" + suffix]:
            month = MONTHS[match["n" + suffix][:3].lower()]
            return int(match["y" + suffix]), month, int(match["d" + suffix])

    year, first, second = int(match["y3"]), int(match["a"]), int(match["b"])
    if first > MONTHS_IN_YEAR or first == second:
        return year, second, first
    if second > MONTHS_IN_YEAR:
        return year, first, second
    if day_first is None:
        raise MomentUnreadable(Unclear.DAY_OR_MONTH)
    return (year, second, first) if day_first else (year, first, second)


def _time(match: re.Match[str]) -> tuple[int, int, int]:
    if match["hour"] is None:
        return 0, 0, 0
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    half = (match["half"] + "m").lower() if match["half"] else match["half_before"]
    if half and half in AFTERNOON | MORNING:
        if match["half"] and not 1 <= hour <= HALF_DAY:
            raise MomentUnreadable(Unclear.NO_SUCH_DATE)
        late_morning = half == NOON and hour >= NOON_FROM
        if half in AFTERNOON and hour < HALF_DAY and not late_morning:
            hour += HALF_DAY
        elif half in MORNING and hour == HALF_DAY:
            hour = 0
    return hour, minute, second


def _zone(match: re.Match[str], local: datetime, home: tzinfo) -> tzinfo | None:
    if match["zone_before"]:
        return ZONES[match["zone_before"]]
    if written := match["offset"] or match["bare"]:
        return _offset(written)
    if match["iana"]:
        try:
            return ZoneInfo("/".join(part.title() for part in match["iana"].split("/")))
        except (ValueError, OSError, KeyError):
            raise MomentUnreadable(Unclear.WHICH_ZONE) from None
    if match["named"]:
        name = match["named"].lower()
        if name in ZONES:
            return ZONES[name]
        if (local.replace(tzinfo=home).tzname() or "").lower() == name:
            return home
        raise MomentUnreadable(Unclear.WHICH_ZONE)
    return None


def _offset(written: str) -> timezone:
    sign = -1 if written[0] == "-" else 1
    figures = written[1:].replace(":", "")
    hours, minutes = figures[:2], figures[2:]
    if len(figures) == 3:  # noqa: PLR2004 - 730 is 7:30
        hours, minutes = figures[:1], figures[1:]
    distance = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if distance > FARTHEST_OFFSET:
        raise MomentUnreadable(Unclear.WHICH_ZONE)
    return timezone(sign * distance)
