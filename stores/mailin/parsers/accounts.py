"""What is said of the account itself: for how long it was inactive, what it owes."""

import re
from decimal import Decimal

from stores.mailin import patterns
from stores.mailin.parsers import numbers, shops
from stores.mailin.parsers.findings import BalanceFinding, Doubt, InactivityFinding, Why
from stores.mailin.parsers.numbers import whole_number
from stores.mailin.parsers.reading import Hit, Reading

_MOST_DAYS = 400
_WITHOUT_CENTS = frozenset({"VND", "IDR", "JPY", "KRW"})


def inactivity(reading: Reading) -> InactivityFinding:
    """Return for how many days nothing was done.

    Raises:
        Doubt: if the days are not told, or differ.
    """
    kind = "inactivity"
    unsure = [
        one
        for field in ("inactivity.general", "supposing", "hypothetical")
        for one in patterns.patterns(field)
    ]
    told = [
        whole_number(hit["n"])
        for hit in reading.hits("inactivity.days")
        if not any(one.search(_until_its_clause_ends(hit)) for one in unsure)
    ]
    days = reading.one("days", told)
    if days is None or reading.any("inactivity.over"):
        raise Doubt(Why.OTHER_KIND, kind)
    if not 0 < days <= _MOST_DAYS:
        raise Doubt(Why.NUMBER_DOUBTFUL, "days", kind)
    measured_at = reading.when("observed_at")
    return InactivityFinding(days, measured_at, shops.hint(reading), reading.told())


def _until_its_clause_ends(hit: Hit) -> str:
    """Return the sentence up to the end of the find's clause: what follows takes nothing back."""
    ends = hit.sentence.find(hit.match[0]) + len(hit.match[0])
    return hit.sentence[:ends] + re.split(r"[,，]", hit.sentence[ends:], maxsplit=1)[0]


def balance(reading: Reading) -> BalanceFinding:
    """Return what the store's account shows.

    Raises:
        Doubt: if no amount is told beyond doubt, or two.
    """
    kind = "negative_balance"
    hits = reading.happened("balance.amount")
    told_in = {hit.sentence for hit in hits}
    hits += [hit for hit in reading.happened("balance.owed") if hit.sentence in told_in]
    amounts = [_amount(hit) for hit in hits]
    if not amounts or reading.happened("balance.settled"):
        raise Doubt(Why.OTHER_KIND, kind)
    if None in amounts:
        raise Doubt(Why.NUMBER_DOUBTFUL, "amount", kind)
    told = {one for one in amounts if one is not None}
    sizes, currencies = {size for size, _ in told}, {each for _, each in told} - {""}
    if len(sizes) > 1 or len(currencies) > 1:
        raise Doubt(Why.CONTRADICTORY, "amount", kind)
    size = sizes.pop()
    if size == 0:
        raise Doubt(Why.NUMBER_DOUBTFUL, "amount", kind)
    measured_at = reading.when("observed_at")
    return BalanceFinding(
        -size, currencies.pop() if currencies else "", measured_at, shops.hint(reading),
        reading.told(),
    )  # fmt: skip


def _amount(hit: Hit) -> tuple[Decimal, str] | None:
    """Return the size of what is owed, and its currency."""
    signs = [hit[name] for name in ("cur", "cur2") if hit.has(name)]
    currencies = {patterns.currency(sign) for sign in signs}
    if len(currencies) > 1:
        return None
    currency = currencies.pop() if currencies else ""
    size = numbers.amount(hit["sum"], has_cents=currency not in _WITHOUT_CENTS)
    return None if size is None else (size, currency)
