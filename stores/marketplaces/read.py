"""What single values of a marketplace's answer may look like: each function reads one form.

Functions, not an object a field: a page of orders has thousands of them. What is not as the
contract says is *unfit*, which ``core.Node`` turns into a refusal that names the field. A complaint
never shows the value: it may be a buyer's.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

_LATEST: Final = 253_402_300_799  # the last second of the year 9999
_LONGEST_ID: Final = 10**30
# Control characters, and halves of a pair that no store takes.
_NOT_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_REASON: Final = re.compile(r"[A-Za-z0-9_]{1,128}")


class Unfit(Exception):
    """A value that is not what the contract says; the text is what is wrong with it."""


def is_absent(value: object) -> bool:
    """Tell whether a field is missing or null; the marketplaces mean the same by both."""
    return value is None


def is_blank(value: object) -> bool:
    """Tell whether a field is absent or empty text."""
    return value is None or value == ""


def size(value: object) -> int:
    """Return how many members a list has; a missing one has none."""
    if value is None:
        return 0
    if not isinstance(value, list):
        raise Unfit("is not a list")
    return len(value)


def text(value: object, *, longest: int = 255) -> str:
    if not isinstance(value, str):
        raise Unfit("is missing" if value is None else "is not text")
    if not 1 <= len(value) <= longest:
        raise Unfit("is empty" if not value else "is too long")
    if _NOT_TEXT.search(value):
        raise Unfit("holds control characters")
    return value


def text_or_empty(value: object) -> str:
    return "" if is_blank(value) else text(value)


def matching(pattern: str, expected: str) -> Callable[[object], str]:
    """Return what reads a text that ``pattern`` takes as a whole, its length included."""
    fits = re.compile(pattern).fullmatch

    def reader(value: object) -> str:
        if isinstance(value, str) and fits(value):
            return value
        text(value)  # says what is wrong where it is no text at all
        raise Unfit(f"is not {expected}")

    return reader


def words(value: object, *, longest: int = 255) -> str:
    """Return what a person wrote, on one line and cut to ``longest``; a blank one is empty."""
    if is_blank(value):
        return ""
    if not isinstance(value, str):
        raise Unfit("is not text")
    line = " ".join(_NOT_TEXT.sub(" ", value).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


# A value of the marketplace's own list, known to us or not.
code: Final = matching(r"[A-Za-z0-9][A-Za-z0-9_]{0,39}", "a known form")
currency: Final = matching(r"[A-Z]{3}", "a currency")
_written_id: Final = matching(r"[A-Za-z0-9_.:-]{1,64}", "an id")
_written_amount: Final = matching(r"-?[0-9]{1,14}(\.[0-9]{1,8})?", "an amount")
_written_percentage: Final = matching(r"(100|[0-9]{1,2})(\.[0-9]{1,8})?", "a percentage")
_written_day: Final = matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day")


def code_or_none(value: object) -> str | None:
    return None if is_blank(value) else code(value)


def reason(value: object) -> str:
    """Return why, where a code says so; a sentence may be a buyer's and is left behind."""
    said = words(value)
    return said if _REASON.fullmatch(said) else ""


def identifier(value: object) -> str:
    """Return an id as text of at most 64 letters.

    Some come as numbers, beyond what a float could hold.
    """
    if type(value) is int:
        if not 0 <= value < _LONGEST_ID:
            raise Unfit("is not an id")
        return str(value)
    return _written_id(value)


def identifier_or_none(value: object) -> str | None:
    """Return an id, or None where it is absent, empty or 0."""
    return None if is_blank(value) or _is_zero(value) or value == "0" else identifier(value)


def integer(value: object) -> int:
    if type(value) is not int:  # which True and False are not
        raise Unfit("is missing" if value is None else "is not an integer")
    return value


def count(value: object) -> int:
    found = integer(value)
    if found < 0:
        raise Unfit("is below zero")
    return found


def count_or_none(value: object) -> int | None:
    return None if value is None else count(value)


def flag(value: object) -> bool:
    """Return a truth; a missing one is false."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Unfit("is neither true nor false")
    return value


def written_flag(value: object) -> bool:
    """Return a truth that may come as a word, with a space about it; a missing one is false."""
    said = words(value).lower() if isinstance(value, str) else ""
    return said == "true" if said in ("true", "false") else flag(value)


def moment(value: object) -> datetime:
    """Return a Unix time in seconds as an aware UTC instant."""
    seconds = integer(value)
    if not 0 < seconds <= _LATEST:
        raise Unfit("is not a Unix time in seconds")
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(value: object) -> datetime | None:
    """Return a Unix time, or None where it is missing, null or 0: it has not come yet."""
    if not value and (value is None or _is_zero(value)):
        return None
    return moment(value)


def money(value: object) -> Decimal:
    """Return an amount, which the contract writes as text so that nothing rounds it.

    At most 14 digits stand before the point and 8 behind it.
    """
    return Decimal(_written_amount(value))


def money_or_none(value: object) -> Decimal | None:
    return None if is_blank(value) else money(value)


def percentage_or_none(value: object) -> Decimal | None:
    """Return a share of a hundred, written as text; None where there was nothing to count."""
    if is_blank(value):
        return None
    share = Decimal(_written_percentage(value))
    if share > 100:  # noqa: PLR2004
        raise Unfit("is not a percentage")
    return share


def day(value: object) -> date:
    """Return a calendar day written as YYYY-MM-DD."""
    try:
        return date.fromisoformat(_written_day(value))
    except ValueError:
        raise Unfit("is not a day") from None


def day_or_none(value: object) -> date | None:
    return None if is_blank(value) else day(value)


def _is_zero(value: object) -> bool:
    return value == 0 and not isinstance(value, bool)
