"""Dates and times as people, notices and exports write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from itertools import zip_longest
from zoneinfo import ZoneInfo

# What may be meant: no marketplace of ours kept such records earlier, nor looks further ahead.
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
LATEST = datetime(2101, 1, 1, tzinfo=UTC)  # excluded
BUDDHIST_FIRST, BUDDHIST_LAST, BUDDHIST_OFFSET = 2558, 2643, 543
MONTHS_IN_YEAR = 12
HALF_DAY = 12
WHOLE_DAY = 24  # 24:00 is where the day ends
BUDDHIST_CENTURY = 2500
_TWO_FIGURES = 100
FARTHEST_OFFSET = timedelta(hours=14)

_MONTHS = {
    1: ("jan(?:uary|uari)?", "มกราคม", r"ม\.\s?ค\."),
    2: ("feb(?:ruary|ruari)?", "กุมภาพันธ์", r"ก\.\s?พ\."),
    3: ("mar(?:ch|et)?", "มีนาคม", r"มี\.\s?ค\."),
    4: ("apr(?:il)?", "เมษายน", r"เม\.\s?ย\."),
    5: ("may|mei", "พฤษภาคม", r"พ\.\s?ค\."),
    6: ("jun[ei]?", "มิถุนายน", r"มิ\.\s?ย\."),
    7: ("jul[yi]?", "กรกฎาคม", r"ก\.\s?ค\."),
    8: ("aug(?:ust)?|agu(?:stus)?|ags|agt", "สิงหาคม", r"ส\.\s?ค\."),
    9: ("sept?(?:ember)?", "กันยายน", r"ก\.\s?ย\."),
    10: ("oct(?:ober)?|okt(?:ober)?", "ตุลาคม", r"ต\.\s?ค\."),
    11: ("nov(?:ember)?|nop(?:ember)?", "พฤศจิกายน", r"พ\.\s?ย\."),
    12: ("dec(?:ember)?|des(?:ember)?", "ธันวาคม", r"ธ\.\s?ค\."),
}
_LATIN_MONTH = "(?:" + "|".join(latin for latin, *_thai in _MONTHS.values()) + r")\b\.?"
_THAI_MONTH = "(?:" + "|".join(name for _latin, *thai in _MONTHS.values() for name in thai) + ")"
_MONTH_NUMBERS = {
    at: re.compile("|".join(rf"(?:{name})\.?" for name in names), re.IGNORECASE)
    for at, names in _MONTHS.items()
}
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_CHINESE_WEEKDAY = r"[\(（]?(?:星期|周)[一二三四五六日天][\)）]?"
_ERA = r"(?:พ\.\s?ศ\.\s?|ค\.\s?ศ\.\s?)?"

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
    "beijing time": timezone(timedelta(hours=8)),
    "china standard time": timezone(timedelta(hours=8)),
    "singapore time": timezone(timedelta(hours=8)),
    "vietnam time": timezone(timedelta(hours=7)),
    "indochina time": timezone(timedelta(hours=7)),
    "bangkok time": timezone(timedelta(hours=7)),
    "thailand time": timezone(timedelta(hours=7)),
    "jakarta time": timezone(timedelta(hours=7)),
    "pacific time": ZoneInfo("America/Los_Angeles"),
    "eastern time": ZoneInfo("America/New_York"),
    "giờ việt nam": timezone(timedelta(hours=7)),
    "giờ hà nội": timezone(timedelta(hours=7)),
    "ตามเวลาประเทศไทย": timezone(timedelta(hours=7)),
    "เวลาประเทศไทย": timezone(timedelta(hours=7)),
    "เวลาไทย": timezone(timedelta(hours=7)),
    "waktu indonesia barat": timezone(timedelta(hours=7)),
    "waktu indonesia tengah": timezone(timedelta(hours=8)),
    "waktu indonesia timur": timezone(timedelta(hours=9)),
}
AMBIGUOUS_ZONES = ("cst", "ist", "ast")
AFTERNOON = {"pm", "下午", "晚上", "中午", "ch", "chiều", "tối", "sore", "malam"}
NOON = "中午"
NOON_FROM = 10  # o'clock: 中午11:05 is in the morning yet
MORNING = {"am", "上午", "凌晨", "早上", "sa", "sáng", "pagi"}
SMALL_HOURS = {"tối", "malam", "đêm", "晚上"}  # one o'clock of these: of which day?
SMALL_HOURS_END = 5
_ABBREVIATION = "|".join(
    name.replace(" ", r"\s") for name in sorted([*ZONES, *AMBIGUOUS_ZONES], key=len, reverse=True)
)
_HALF_AFTER = "SA|CH|sáng|chiều|tối|đêm|pagi|sore|malam"


def _time_of_day(at: str, *, announced: str) -> str:
    """Return the pattern of a time of day; its groups' names end in ``at``.

    A point parts hours from minutes only where ``announced`` matches, or before a zone.
    """
    return rf"""
        (?P<half_before{at}>上午|下午|晚上|凌晨|早上|中午)?\s?
        (?:
          (?P<hour{at}>\d{{1,2}})
          (?:[:：时時点點h]|\s?giờ\s?|\.(?=\d{{2}}(?:\.\d{{2}})?\s?(?:WIB|WITA|WIT|น\.))|{announced}\.)
          (?P<minute{at}>\d{{2}})
          (?:(?:[:：分.]|\s?phút\s?)(?P<second{at}>\d{{2}}))?(?:[.,]\d{{1,9}})?
          [分秒]?(?:\s?phút)?(?:\s?giây)?
        | (?P<bare_hour{at}>\d{{1,2}})
          (?:(?=\s?[ap]\.?m\b)|[点點时時](?!\d)整?|\s?giờ(?!\s?\d)|h(?!\w))
        )
        (?:\s?(?P<half{at}>[ap])\.?m\b\.?|\s?(?P<half_after{at}>{_HALF_AFTER})(?!\w)|\s?น\.|\s?hrs?\b\.?)?
    """


def _zone_told(at: str) -> str:
    return rf"""
        \s*[\(（\[,]?\s*(?:giờ\s(?=utc|gmt))?
        (?:
            (?:(?:utc|gmt)\s?)(?P<offset{at}>[-+]\s?\d{{1,2}}(?::?\d{{2}})?)(?!\d)
          | (?P<bare{at}>[-+]\d{{2}}:?\d{{2}})(?!\d)
          | (?P<named{at}>{_ABBREVIATION})(?![\w+-])
          | (?P<iana{at}>(?:Asia|America|Europe|Australia|Pacific)/[A-Za-z_]{{3,24}})
        )
        (?:\s*[\)）\]])?
    """


PATTERN = re.compile(
    rf"""
    (?<![0-9A-Za-z_.])
    (?:(?P<zone_before>北京时间|新加坡时间|越南时间|泰国时间|太平洋时间)\s*)?
    (?:
        (?P<told_0>pukul\s|jam\s|เวลา\s?)?{_time_of_day("_0", announced="(?(told_0)|(?!))")}
        (?:{_zone_told("_0")})?
        [^\S\n]*,?[^\S\n]*(?:on\s|of\s|ngày\s|tanggal\s|pada\s|วันที่\s?|ของวันที่\s?)?
    )?
    (?:
        (?P<y1>\d{{4}})\s?[-/.]\s?(?P<m1>\d{{1,2}})\s?[-/.]\s?(?P<d1>\d{{1,2}})(?!\d)
      | (?P<y2>\d{{4}})\s?年\s?(?P<m2>\d{{1,2}})\s?月\s?(?P<d2>\d{{1,2}})\s?[日号號]
      | (?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}})[-/.](?P<y3>\d{{4}})(?!\d)
      | {_WEEKDAY}(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?[\s-](?:of\s)?
        (?P<n4>{_LATIN_MONTH}),?[\s-](?P<y4>\d{{4}})(?!\d)
      | {_WEEKDAY}(?P<n5>{_LATIN_MONTH})\s(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y5>\d{{4}})(?!\d)
      | (?P<d6>\d{{1,2}})\s(?:tháng|thg\.?)\s(?P<m6>\d{{1,2}}),?\s(?:năm\s)?(?P<y6>\d{{4}})(?!\d)
      | (?P<d7>\d{{1,2}})\s?(?P<n7>{_THAI_MONTH})\s?{_ERA}(?P<y7>\d{{4}}|\d{{2}}(?![\d:.]))(?!\d)
    )
    (?(hour_0)|(?(bare_hour_0)|
    (?:
        (?:
            \s*[T,，|]\s*(?P<told_1>pukul\s|jam\s|เวลา\s?)?(?:at\s+|lúc\s+|vào\slúc\s+)?
          | \s+(?:at|lúc|vào\slúc|@)\s+
          | \s*,?\s*(?P<told_2>pukul\s|jam\s|เวลา\s?)
          | \s*{_CHINESE_WEEKDAY}\s*
          | \s+[-–]\s+
          | \s+
          | (?<=[日号號])
        )
        {_time_of_day("_1", announced="(?(told_1)|(?(told_2)|(?!)))")}
    )?
    ))
    (?:{_zone_told("_1")})?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_RANGE = re.compile(
    r"\s*(?:-|–|~|to|until|till|至|到|đến|tới|ถึง|hingga|sampai|s\.?/?d\.?)\s*", re.IGNORECASE
)
# A day whose year nobody told: found, so that what hangs on it is left to a person.
_YEARLESS = re.compile(
    rf"""
    (?<![0-9A-Za-z_./-])
    (?:
        (?:{_LATIN_MONTH})\s\d{{1,2}}(?:st|nd|rd|th)?(?![\d\w])
      | \d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?(?:{_LATIN_MONTH})(?!\w)
      | \d{{1,2}}\s?月\s?\d{{1,2}}\s?[日号號]
      | \d{{1,2}}\s(?:tháng|thg\.?)\s\d{{1,2}}(?!\d)
      | \d{{1,2}}\s?{_THAI_MONTH}
      | ngày\s\d{{1,2}}[/-]\d{{1,2}}(?![\d/-])
      | \d{{1,2}}/\d{{1,2}}/\d{{2}}(?![\d/])
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Unclear(StrEnum):
    NOT_A_DATE = "not_a_date"
    NO_SUCH_DATE = "no_such_date"
    DAY_OR_MONTH = "day_or_month"
    WHICH_ZONE = "which_zone"
    FAR_OFF = "far_off"
    NO_YEAR = "no_year"


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
    zone: tzinfo | None = None  # as it was written


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
    at = 0
    matches = list(PATTERN.finditer(text))
    for match, after in zip_longest(matches, matches[1:]):
        yield from _yearless(text, at, match.start())
        at = match.end()
        try:
            moment = _moment(match, _zone_of_range(text, match, after) or zone, day_first=day_first)
        except MomentUnreadable as refusal:
            yield Found(match.start(), match.end(), None, refusal.why)
        else:
            yield Found(match.start(), match.end(), moment, None)
    yield from _yearless(text, at, len(text))


def _zone_of_range(text: str, match: re.Match[str], after: re.Match[str] | None) -> tzinfo | None:
    """Return the zone at the end of "from 10:00 to 12:00 UTC", which holds for both."""
    if after is None or not _RANGE.fullmatch(text, match.end(), after.start()):
        return None
    try:
        return _moment(after, UTC, day_first=True).zone
    except MomentUnreadable:
        return None


def _yearless(text: str, start: int, end: int) -> Iterator[Found]:
    for match in _YEARLESS.finditer(text, start, end):
        if not match[0].startswith("may"):  # "you may 3 times" is no day of May
            yield Found(match.start(), match.end(), None, Unclear.NO_YEAR)


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
    clock = _time(match)
    hour, minute, second = clock or (0, 0, 0)
    ends_day = (hour, minute, second) == (WHOLE_DAY, 0, 0)
    try:
        local = datetime(year, month, day, 0 if ends_day else hour, minute, second)  # noqa: DTZ001 - zone follows
    except ValueError:
        raise MomentUnreadable(Unclear.NO_SUCH_DATE) from None
    if ends_day:
        local += timedelta(days=1)
    stated = _zone(match, local, zone)
    if not is_believable(local.replace(tzinfo=stated or zone)):
        raise MomentUnreadable(Unclear.FAR_OFF)
    midnight = local.replace(hour=0, minute=0, second=0)
    return Moment(
        at=local.replace(tzinfo=stated or zone).astimezone(UTC),
        has_time=clock is not None,
        has_zone=stated is not None,
        day_ends_at=(midnight + timedelta(days=1)).replace(tzinfo=stated or zone).astimezone(UTC),
        zone=stated,
    )


def _day(match: re.Match[str], *, day_first: bool | None) -> tuple[int, int, int]:
    for number in ("1", "2", "6"):
        if match["y" + number]:
            return tuple(int(match[part + number]) for part in "ymd")  # type: ignore[return-value]
    for number in ("4", "5", "7"):
        if match["y" + number]:
            year = int(match["y" + number])
            if year < _TWO_FIGURES:  # only Thai months take such a year, and it is Buddhist
                year += BUDDHIST_CENTURY
            return year, _month(match["n" + number]), int(match["d" + number])

    year, first, second = int(match["y3"]), int(match["a"]), int(match["b"])
    if BUDDHIST_FIRST <= year <= BUDDHIST_LAST:
        day_first = True  # who counts so writes so
    if first > MONTHS_IN_YEAR or first == second:
        return year, second, first
    if second > MONTHS_IN_YEAR:
        return year, first, second
    if day_first is None:
        raise MomentUnreadable(Unclear.DAY_OR_MONTH)
    return (year, second, first) if day_first else (year, first, second)


def _month(name: str) -> int:
    return next(at for at, pattern in _MONTH_NUMBERS.items() if pattern.fullmatch(name))


def _time(match: re.Match[str]) -> tuple[int, int, int] | None:
    """Return the time of day, or None where none is told."""
    at = "_0" if match["hour_0"] or match["bare_hour_0"] else "_1"
    told = match["hour" + at] or match["bare_hour" + at]
    if told is None:
        return None
    hour, minute = int(told), int(match["minute" + at] or 0)
    second = int(match["second" + at] or 0)
    half = match["half_before" + at] or (match["half_after" + at] or "").lower()
    if match["half" + at]:
        half = (match["half" + at] + "m").lower()
        if not 1 <= hour <= HALF_DAY:
            raise MomentUnreadable(Unclear.NO_SUCH_DATE)
    if half in SMALL_HOURS and (hour < SMALL_HOURS_END or hour == HALF_DAY):
        raise MomentUnreadable(Unclear.NO_SUCH_DATE)
    late_morning = half == NOON and hour >= NOON_FROM
    if half in AFTERNOON | {"đêm"} and hour < HALF_DAY and not late_morning:
        hour += HALF_DAY
    elif half in MORNING and hour == HALF_DAY:
        hour = 0
    return hour, minute, second


def _zone(match: re.Match[str], local: datetime, home: tzinfo) -> tzinfo | None:
    stated = [zone for at in ("_0", "_1") if (zone := _zone_of(match, at, local, home))]
    if match["zone_before"]:
        stated.append(ZONES[match["zone_before"]])
    if len({zone.utcoffset(local) for zone in stated}) > 1:
        raise MomentUnreadable(Unclear.WHICH_ZONE)
    return stated[0] if stated else None


def _zone_of(match: re.Match[str], at: str, local: datetime, home: tzinfo) -> tzinfo | None:
    if written := match["offset" + at] or match["bare" + at]:
        return _offset(written.replace(" ", ""))
    if match["iana" + at]:
        try:
            return ZoneInfo("/".join(part.title() for part in match["iana" + at].split("/")))
        except (ValueError, OSError, KeyError):
            raise MomentUnreadable(Unclear.WHICH_ZONE) from None
    if match["named" + at]:
        name = " ".join(match["named" + at].lower().split())
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
