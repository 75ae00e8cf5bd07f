"""Numbers as notices write them; what could be two is none."""

import re
from decimal import Decimal

from stores.mailin import patterns


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


def amount(written: str, *, has_cents: bool) -> Decimal | None:
    """Return an amount of money, None where its signs could mean two.

    In a currency without cents each sign parts thousands; in another "1.234" could be either.
    """
    text = re.sub(r"[\s']", "", written)
    if not re.fullmatch(r"\d[\d.,]*\d|\d", text):
        return None
    if text.isdecimal():
        return Decimal(text)
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+|\d{1,3}(?:,\d{3})+", text):
        is_sure = not has_cents or "," in text or text.count(".") > 1
        return Decimal(re.sub(r"[.,]", "", text)) if is_sure else None
    parts = re.fullmatch(
        r"(?:(?P<whole>\d+|\d{1,3}(?:,\d{3})+)\.|(?P<other>\d+|\d{1,3}(?:\.\d{3})+),)(?P<cents>\d{1,2})",
        text,
    )
    if parts is None:
        return None
    whole = re.sub(r"[.,]", "", parts["whole"] or parts["other"])
    return Decimal(f"{whole}.{parts['cents']}")
