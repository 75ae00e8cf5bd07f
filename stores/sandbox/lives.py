"""The lives of orders: drawn once from the seed; the moment decides what shows of them.

So everything is a function of (seed, shop, now), and orders drift on as time passes.
All times in here are whole Unix seconds.
"""

import random
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stores.sandbox.shops import Shop

HOUR = 3600
DAY = 24 * HOUR
HISTORY_DAYS = 180
LONGEST_LIFE_DAYS = 32  # after so many days nothing happens to an order any more
KEPT_DAYS = 60_000
_ORDER, _LATE_ORDER = "57", "58"  # how ids begin
WEEKEND = 5  # Monday is 0

PRODUCTS = (
    "Linen table runner",
    "Clip-on reading lamp",
    "Trail mug, 400 ml",
    "Ceramic planter",
    "Bamboo cutlery set",
    "Canvas tote",
    "Wool blanket",
    "Phone stand",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One order's whole life. None: it never happens."""

    id: str
    created: int
    paid: int | None
    released: int  # from hold, to be shipped
    rts_sla: int
    tts_sla: int
    shipping_due: int
    collection_due: int
    delivery_sla: int
    delivery_due: int
    part_shipped: int | None
    rts: int | None
    collected: int | None
    delivered: int | None
    completed: int | None
    asked_to_cancel: int | None
    answered: int | None  # when the buyer's wish was granted or refused
    cancelled: int | None
    cancelled_by: str | None
    amount: str
    items: tuple[tuple[str, str], ...]  # product, price
    is_cod: bool
    is_sample: bool
    touched: int = 0  # an update that changed no state

    def events(self) -> Iterator[tuple[int, str]]:
        """Yield what changes the state, with the state after it."""
        yield self.created, "ON_HOLD" if self.is_cod else "UNPAID"
        if self.paid is not None:
            yield self.paid, "ON_HOLD"
        if self.paid is not None or self.is_cod:
            yield self.released, "AWAITING_SHIPMENT"
        steps = (
            (self.part_shipped, "PARTIALLY_SHIPPING"),
            (self.rts, "AWAITING_COLLECTION"),
            (self.collected, "IN_TRANSIT"),
            (self.delivered, "DELIVERED"),
            (self.completed, "COMPLETED"),
            (self.cancelled, "CANCELLED"),
        )
        for moment, state in steps:
            if moment is not None:
                yield moment, state

    def status(self, now: int) -> str:
        return max((event for event in self.events() if event[0] <= now), key=_by_time)[1]

    def is_asking(self, now: int) -> bool:
        """Whether the buyer's wish to cancel waits for an answer."""
        return self.asked_to_cancel is not None and self.asked_to_cancel <= now < (
            self.answered or 0
        )

    @property
    def reason(self) -> str:
        """Return why the order is cancelled, if it ever is."""
        if self.cancelled_by == "SYSTEM":
            return "Package collection failed" if self.paid else "Payment not completed"
        return "Out of stock" if self.cancelled_by == "SELLER" else "Need to change address"

    def updated(self, now: int) -> int:
        newest = self.created
        for moment in self._moments():
            if moment is not None and newest < moment <= now:
                newest = moment
        return newest

    def _moments(self) -> tuple[int | None, ...]:
        # As ``events`` has them, and what changes no state; asked so often that it must be quick.
        released = self.released if self.paid is not None or self.is_cod else None
        return (
            self.paid,
            released,
            self.part_shipped,
            self.rts,
            self.collected,
            self.delivered,
            self.completed,
            self.cancelled,
            self.asked_to_cancel,
            self.answered,
            self.touched,
        )


def _by_time(event: tuple[int, str]) -> int:
    return event[0]


def plans_of_day(seed: str, shop: Shop, day: int) -> list[Plan]:
    """Return the orders placed at ``shop`` on one UTC day, counted from 1970-01-01."""
    draw = random.Random(f"{seed}/{shop.id}/{day}")  # noqa: S311 - repeatable on purpose
    count = round(shop.habits.orders_a_day * draw.uniform(0.6, 1.4))
    moments = sorted(day * DAY + draw.randrange(DAY) for _ in range(count))
    return [
        _plan(
            draw,
            shop,
            created,
            f"{_ORDER}{shop.mark}{day:06d}{number:03d}{draw.randrange(10**4):04d}",
        )
        for number, created in enumerate(moments)
    ]


def _plan(draw: random.Random, shop: Shop, created: int, order_id: str) -> Plan:
    habits, market = shop.habits, shop.market
    is_cod = draw.random() < market.cash_share
    is_paid = not is_cod and draw.random() > 0.04  # noqa: PLR2004
    paid = created + draw.randrange(20, 1200) if is_paid else None
    start = paid or created
    hold = draw.randrange(DAY, 4 * DAY) if draw.random() < habits.long_hold else HOUR
    released = start + hold
    rts_sla = _business_days_after(released, 2)
    shipping_due = rts_sla + 5 * DAY
    tts_sla = rts_sla + DAY
    items, amount = _basket(draw, shop)
    journey = _journey(draw, shop, released, rts_sla, tts_sla)
    plan = Plan(
        id=order_id,
        created=created,
        paid=paid,
        released=released,
        rts_sla=rts_sla,
        tts_sla=tts_sla,
        shipping_due=shipping_due,
        collection_due=shipping_due + 3 * DAY,
        delivery_sla=released + 8 * DAY,
        delivery_due=released + 30 * DAY,
        part_shipped=journey.part_shipped,
        rts=journey.rts,
        collected=journey.collected,
        delivered=journey.delivered,
        completed=journey.completed,
        asked_to_cancel=None,
        answered=None,
        cancelled=None,
        cancelled_by=None,
        amount=amount,
        items=items,
        is_cod=is_cod,
        is_sample=draw.random() < 0.02,  # noqa: PLR2004
    )
    return _with_cancellation(draw, shop, plan)


class Journey(NamedTuple):
    """When an order is shipped, collected, delivered and completed, if nothing stops it."""

    part_shipped: int | None
    rts: int
    collected: int
    delivered: int
    completed: int


def _journey(draw: random.Random, shop: Shop, released: int, rts_sla: int, tts_sla: int) -> Journey:
    habits = shop.habits
    if draw.random() < habits.late:
        rts = rts_sla + HOUR + int(draw.expovariate(1 / (26 * HOUR)))
    else:
        rts = released + int((rts_sla - released) * draw.uniform(0.05, 0.92))
    collected = rts + draw.randrange(2 * HOUR, 18 * HOUR)
    if draw.random() < habits.slow_handover:
        collected = max(collected, tts_sla) + draw.randrange(HOUR, 30 * HOUR)
    delivered = collected + draw.randrange(DAY, 6 * DAY)
    is_split = draw.random() < 0.03  # noqa: PLR2004
    return Journey(
        part_shipped=released + (rts - released) // 2 if is_split else None,
        rts=rts,
        collected=collected,
        delivered=delivered,
        completed=delivered + draw.randrange(3 * DAY, 9 * DAY),
    )


def _with_cancellation(draw: random.Random, shop: Shop, plan: Plan) -> Plan:
    habits = shop.habits
    assert plan.rts is not None
    if plan.paid is None and not plan.is_cod:
        return _cancelled(plan, plan.created + 2 * DAY, "SYSTEM")
    if draw.random() < habits.never or plan.rts > plan.shipping_due:
        unshipped = replace(plan, part_shipped=None, rts=None, collected=None, delivered=None)
        return _cancelled(replace(unshipped, completed=None), plan.shipping_due, "SYSTEM")
    if draw.random() < habits.seller_cancels:
        return _cancelled(plan, draw.randrange(plan.released + 60, plan.rts), "SELLER")
    if draw.random() < habits.buyer_cancels:
        asked = draw.randrange(plan.released + 60, plan.rts)
        answered = asked + draw.randrange(2 * HOUR, 60 * HOUR)
        asking = replace(plan, asked_to_cancel=asked, answered=answered)
        # Once shipped, a parcel is no longer called back.
        return _cancelled(asking, answered, "BUYER") if answered < plan.rts else asking
    return plan


def _cancelled(plan: Plan, at: int, by: str) -> Plan:
    """Return ``plan`` cut off at ``at``: what would have come later never comes."""

    def before(moment: int | None) -> int | None:
        return moment if moment is not None and moment < at else None

    return replace(
        plan,
        part_shipped=before(plan.part_shipped),
        rts=before(plan.rts),
        collected=before(plan.collected),
        delivered=before(plan.delivered),
        completed=before(plan.completed),
        cancelled=at,
        cancelled_by=by,
    )


@dataclass(frozen=True, slots=True)
class Burst:
    """So many orders that stand overdue from ``at`` on, and are shipped from ``until`` on."""

    at: int
    count: int
    until: int


def late_burst(seed: str, shop: Shop, burst: Burst) -> list[Plan]:
    at = burst.at
    draw = random.Random(f"{seed}/{shop.id}/burst/{at}")  # noqa: S311 - repeatable on purpose
    plans = []
    for number in range(burst.count):
        rts_sla = at - draw.randrange(HOUR, 36 * HOUR)
        released = rts_sla - 2 * DAY
        order_id = f"{_LATE_ORDER}{shop.mark}{at % 10**9:09d}{number:04d}"
        plan = _plan(draw, shop, released - 2 * HOUR, order_id)
        rts = burst.until + draw.randrange(HOUR)
        plans.append(
            replace(
                plan,
                paid=released - HOUR,
                is_cod=False,
                released=released,
                rts_sla=rts_sla,
                tts_sla=rts_sla + DAY,
                shipping_due=rts_sla + 5 * DAY,
                collection_due=rts_sla + 8 * DAY,
                delivery_sla=released + 8 * DAY,
                delivery_due=released + 30 * DAY,
                part_shipped=None,
                rts=rts,
                collected=rts + 6 * HOUR,
                delivered=rts + 3 * DAY,
                completed=rts + 8 * DAY,
                asked_to_cancel=None,
                answered=None,
                cancelled=None,
                cancelled_by=None,
                touched=at,
            )
        )
    return plans


def _business_days_after(moment: int, days: int) -> int:
    until = datetime.fromtimestamp(moment, UTC)
    while days:
        until += timedelta(days=1)
        if until.weekday() < WEEKEND:
            days -= 1
    return int(until.timestamp())


def _basket(draw: random.Random, shop: Shop) -> tuple[tuple[tuple[str, str], ...], str]:
    market = shop.market
    names = draw.choices(PRODUCTS, k=draw.choice((1, 1, 1, 2, 2, 3)))
    prices = [market.typical_price * draw.uniform(0.4, 2.2) for _ in names]
    if market.whole_units:
        whole = [round(price, -3) for price in prices]
        texts, total = [f"{price:.0f}" for price in whole], f"{sum(whole):.0f}"
    else:
        cents = [round(price * 100) for price in prices]
        texts = [f"{price // 100}.{price % 100:02d}" for price in cents]
        total = f"{sum(cents) // 100}.{sum(cents) % 100:02d}"
    return tuple(zip(names, texts, strict=True)), total


class Book:
    """The orders of all shops, made when first asked for; what is seldom asked for is dropped."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._days: OrderedDict[tuple[str, int], list[Plan]] = OrderedDict()

    def placed(
        self, shop: Shop, now: int, bursts: Iterable[Burst] = (), since: int = 0
    ) -> Iterator[Plan]:
        """Yield the orders placed by ``now`` that are not older than the history reaches.

        Those of ``bursts`` come last. Days before ``since`` are left out.
        """
        oldest = max(now - HISTORY_DAYS * DAY, since)
        for day in range(oldest // DAY, now // DAY + 1):
            yield from (plan for plan in self._day(shop, day) if plan.created <= now)
        for burst in bursts:
            yield from late_burst(self.seed, shop, burst)

    def named(
        self, shop: Shop, now: int, ids: Iterable[str], bursts: Iterable[Burst] = ()
    ) -> dict[str, Plan]:
        """Return those of the named orders that the shop has, by id: an id tells its day."""
        wanted = set(ids)
        start = len(_ORDER + shop.mark)
        days = {each[start : start + 6] for each in wanted if each.startswith(_ORDER + shop.mark)}
        plans = [plan for day in days if day.isdigit() for plan in self._day(shop, int(day))]
        for burst in bursts:
            plans += late_burst(self.seed, shop, burst)
        return {plan.id: plan for plan in plans if plan.id in wanted and plan.created <= now}

    def _day(self, shop: Shop, day: int) -> list[Plan]:
        key = (shop.id, day)
        plans = self._days.get(key)
        if plans is None:
            plans = self._days[key] = plans_of_day(self.seed, shop, day)
            if len(self._days) > KEPT_DAYS:
                self._days.popitem(last=False)
        return plans
