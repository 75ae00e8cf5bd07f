from datetime import UTC, datetime

import pytest

from stores.sandbox import lives, orders, shops

NOW = int(datetime(2026, 9, 1, 12, tzinfo=UTC).timestamp())
SLIPPING = shops.BY_ID["7495000000000000102"]
STEADY = shops.BY_ID["7495000000000000201"]
each_shop = pytest.mark.parametrize("shop", shops.SHOPS, ids=lambda shop: shop.name)


def _placed(shop: shops.Shop, now: int = NOW, seed: str = "a") -> list[lives.Plan]:
    return list(lives.Book(seed).placed(shop, now))


def test_orders_are_a_function_of_seed_shop_and_moment() -> None:
    assert _placed(STEADY) == _placed(STEADY)
    assert _placed(STEADY) != _placed(STEADY, seed="b")
    assert orders.document(_placed(STEADY)[0], STEADY, NOW) == orders.document(
        _placed(STEADY)[0], STEADY, NOW
    )


def test_orders_reach_back_180_days_and_not_ahead() -> None:
    created = [plan.created for plan in _placed(STEADY)]

    assert max(created) <= NOW
    assert NOW - 181 * lives.DAY <= min(created) < NOW - 179 * lives.DAY


@each_shop
def test_lives_of_orders_are_in_order(shop: shops.Shop) -> None:
    """No order is collected before it is shipped, nor goes on after it was cancelled."""
    for plan in _placed(shop):
        steps = [
            moment
            for moment in (plan.created, plan.released, plan.rts, plan.collected, plan.delivered)
            if moment is not None
        ]
        deadlines = [plan.released, plan.rts_sla, plan.tts_sla, plan.shipping_due]
        assert deadlines == sorted(deadlines)
        if plan.cancelled is None:
            assert [*steps, plan.completed] == sorted([*steps, plan.completed or 0])
        else:
            assert plan.status(plan.cancelled + 10**8) == "CANCELLED"
            assert plan.completed is None


@each_shop
def test_orders_drift_with_time_and_only_forward(shop: shops.Shop) -> None:
    """What changes in a day has an update time in that day, so that a sync finds it."""
    book = lives.Book("a")
    today, tomorrow = NOW, NOW + lives.DAY
    before = {plan.id: plan for plan in book.placed(shop, today)}

    for plan in book.placed(shop, tomorrow):
        if plan.id not in before:
            assert plan.updated(tomorrow) > today
        elif orders.document(plan, shop, today) != orders.document(plan, shop, tomorrow):
            assert today < plan.updated(tomorrow) <= tomorrow


def test_shops_differ_in_how_late_they_are() -> None:
    def late_share(shop: shops.Shop) -> float:
        shipped = [plan for plan in _placed(shop) if plan.rts is not None]
        return sum(plan.rts > plan.rts_sla for plan in shipped if plan.rts) / len(shipped)

    assert late_share(STEADY) < 0.05
    assert late_share(SLIPPING) > 0.08


def test_all_bad_turns_happen_somewhere() -> None:
    plans = [plan for shop in shops.SHOPS for plan in _placed(shop)]

    initiators = {plan.cancelled_by for plan in plans}
    assert initiators == {None, "BUYER", "SELLER", "SYSTEM"}
    assert any(plan.asked_to_cancel and not plan.cancelled for plan in plans)
    assert any(plan.part_shipped for plan in plans)
    assert any(plan.released - (plan.paid or plan.created) > lives.DAY for plan in plans)
    assert any(plan.is_cod for plan in plans)


def test_burst_stands_overdue_from_its_start_and_shows_as_updated() -> None:
    burst = lives.late_burst("a", STEADY, lives.Burst(NOW, 25, NOW + 3 * lives.DAY))

    documents = [orders.document(plan, STEADY, NOW) for plan in burst]

    assert len({document["id"] for document in documents}) == 25
    assert {document["status"] for document in documents} == {"AWAITING_SHIPMENT"}
    assert {document["update_time"] for document in documents} == {NOW}
    assert all(int(str(document["rts_sla_time"])) < NOW for document in documents)
    assert not any("rts_time" in document for document in documents)
    later = {plan.status(NOW + 4 * lives.DAY) for plan in burst}
    assert later <= {"AWAITING_COLLECTION", "IN_TRANSIT"}


def test_money_is_written_as_the_market_does() -> None:
    vietnamese, american = _placed(STEADY)[0], _placed(SLIPPING)[0]

    assert vietnamese.amount.isdigit()
    assert american.amount.partition(".")[2].isdigit()
