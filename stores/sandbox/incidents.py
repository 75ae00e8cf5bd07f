"""What goes wrong by the control page's wish: at one shop or at all, from then till its end."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from stores.sandbox.lives import DAY, Burst
from stores.sandbox.shops import Shop

OUTAGES = {
    "503": "503, the gateway is overloaded",
    "500": "500 with error 36009003",
    "slow": "answers are slow",
    "cut": "answers break off in the middle",
    "bad_json": "answers are not quite JSON",
    "nan": "a number in the answer is NaN",
    "html": "200 with an HTML page",
    "refused": "200 with an unknown error code",
}
SHIPPED_AFTER = 3 * DAY  # late orders that nobody ends
# These leave something behind in the shops' data, so they are kept when they are over.
_TRACES = {"late_orders", "negative_balance"}


@dataclass(slots=True)
class Incident:
    """One thing that goes wrong. ``shop`` is an id, empty for all; no ``until``: till it is ended.

    What ``count``, ``amount`` and ``detail`` mean hangs on the kind:

    - ``late_orders``: count of the orders
    - ``outage``: detail is a kind of ``OUTAGES``, amount the milliseconds of a slow answer
    - ``rate_limit``: count of calls still to be refused, 0 for all; amount is the Retry-After
    - ``clock_skew``: amount of seconds that the marketplace is ahead
    - ``inactive``, ``revoked``: nothing more
    - ``negative_balance``: amount that was deducted, in the shop's money; 0: far more than it has
    - ``violation_wave``: count of the mails a shop gets, amount of those it got, detail the
      rating before it, empty where the mails tell none
    """

    number: int
    kind: str
    shop: str
    since: int
    until: int | None
    count: int = 0
    amount: int = 0
    detail: str = ""

    def is_on(self, now: int) -> bool:
        return self.since <= now and (self.until is None or now < self.until)

    def due(self, now: int) -> int:
        """Return how much of ``count`` is due by now, spread evenly till the end."""
        if self.until is None or now >= self.until:
            return self.count
        return min(self.count, 1 + self.count * (now - self.since) // (self.until - self.since))

    def is_at(self, shop: Shop) -> bool:
        return self.shop in {"", shop.id}


class Incidents:
    """All of them, in the order in which they began."""

    def __init__(self, known: Collection[Incident] = ()) -> None:
        self.known = list(known)

    def start(self, incident: Incident) -> Incident:
        incident.number = max((each.number for each in self.known), default=0) + 1
        self.known.append(incident)
        return incident

    def end(self, now: int, *, kind: str = "", number: int = 0, shop: str | None = None) -> int:
        """End what is going on of a kind, by number, at a shop; return how many that were."""
        ended = [
            each
            for each in self.on(now)
            if (not kind or each.kind == kind)
            and (not number or each.number == number)
            and (shop is None or each.shop == shop)
        ]
        for each in ended:
            each.until = now
        self.known = [each for each in self.known if each.kind in _TRACES or each.is_on(now)]
        return len(ended)

    def on(self, now: int) -> Iterator[Incident]:
        return (each for each in tuple(self.known) if each.is_on(now))

    def first(self, kind: str, shops: Collection[Shop], now: int) -> Incident | None:
        """Return the latest of a kind that touches one of ``shops``, or every shop there is."""
        found = (
            each
            for each in self.on(now)
            if each.kind == kind and (not each.shop or any(each.is_at(shop) for shop in shops))
        )
        return max(found, key=lambda each: each.number, default=None)

    def bursts(self, shop: Shop) -> list[Burst]:
        return [
            Burst(each.since, each.count, each.until or each.since + SHIPPED_AFTER)
            for each in self.known
            if each.kind == "late_orders" and each.is_at(shop)
        ]

    def deductions(self, shop: Shop) -> list[Incident]:
        return [each for each in self.known if each.kind == "negative_balance" and each.is_at(shop)]
