from datetime import timedelta

import pytest

from stores.sandbox import shops
from tests.stores.sandbox.bench import HARBOR_VN, NOON, SEN_VANG, make_bench

CIPHER = shops.BY_ID[SEN_VANG].cipher


def test_control_page_shows_shops_and_what_goes_on() -> None:
    bench = make_bench()
    bench.act("clock-skew", seconds=90)
    bench.act("inactive", shop=SEN_VANG)
    bench.act("late-orders", shop=SEN_VANG, count=7)

    page = bench.http.get("/control").text
    told = bench.told()

    assert all(shop.id in page for shop in shops.SHOPS)
    assert told == [
        "Clock 90 s ahead · every shop",
        "Inactive · Sen Vàng Beauty",
        "7 late orders · Sen Vàng Beauty · 3 days to go",
    ]
    assert all(f"<span>{each}</span>" in page for each in told)


def test_form_leads_back_to_the_page_and_says_what_was_done() -> None:
    bench = make_bench()

    answer = bench.http.post("/control/outage", data={"kind": "503"})
    page = bench.http.get(answer.headers["location"])

    assert answer.status_code == 303
    assert "Outage: 503, the gateway is overloaded" in page.text


def test_late_orders_come_with_the_next_sync() -> None:
    bench = make_bench()
    token = bench.access()
    bench.move(minutes=10)
    bench.act("late-orders", shop=SEN_VANG, count=12)
    bench.move(minutes=1)

    found = bench.client().orders(token, CIPHER, bench.now - timedelta(minutes=1), bench.now)

    overdue = [
        order
        for order in found.orders
        if order.rts_time is None and order.rts_sla_time and order.rts_sla_time < bench.now
    ]
    assert len(overdue) == 12


def test_revoking_one_shop_leaves_the_other_sellers_alone() -> None:
    bench = make_bench()
    harbor = bench.access(HARBOR_VN)
    bench.access(SEN_VANG)

    bench.act("revoke", shop=SEN_VANG)

    assert len(bench.client().shops(harbor)) == 3


def test_reset_ends_all_incidents() -> None:
    bench = make_bench()
    token = bench.access()
    for name, fields in (
        ("outage", {"kind": "503"}),
        ("rate-limit", {"calls": 9}),
        ("clock-skew", {"seconds": 9000}),
        ("inactive", {"shop": SEN_VANG}),
    ):
        assert bench.act(name, **fields)["ok"] is True

    bench.act("reset")

    assert len(bench.client().orders(token, CIPHER, NOON - timedelta(days=1), NOON).orders) > 0
    assert "All is well." in bench.http.get("/control").text


@pytest.mark.parametrize(
    ("name", "fields", "status", "error"),
    [
        ("late-orders", {"shop": "1"}, 400, "shop: there is no such shop."),
        (
            "late-orders",
            {"shop": SEN_VANG, "count": "many"},
            400,
            "count: this is not a number.",
        ),
        (
            "late-orders",
            {"shop": SEN_VANG, "count": 501},
            400,
            "count: this is not from 1 to 500.",
        ),
        ("outage", {"kind": "flood"}, 400, "kind: there is no such outage."),
        (
            "mail",
            {"shop": SEN_VANG, "to": "nobody"},
            400,
            "to: give the store's forwarding address.",
        ),
        (
            "mail",
            {"shop": SEN_VANG, "to": "a@in.test", "kind": "gossip"},
            400,
            "There is no such notice, language, variant or form.",
        ),
        ("flood", {}, 404, "There is no such act."),
    ],
)
def test_act_refuses_what_makes_no_sense(
    name: str, fields: dict[str, object], status: int, error: str
) -> None:
    assert make_bench().act(name, **fields) == {"status": status, "ok": False, "error": error}


def test_form_of_another_site_is_refused() -> None:
    bench = make_bench()

    foreign = bench.http.post("/control/reset", headers={"origin": "https://evil.test"})
    own = bench.http.post("/control/reset", headers={"origin": "http://sandbox.test"})

    assert (foreign.status_code, own.status_code) == (403, 303)


def test_control_page_escapes_what_it_is_told() -> None:
    page = make_bench().http.get("/control", params={"done": "<script>alert(1)</script>"})

    assert "<script" not in page.text


def test_mail_that_nobody_takes_is_told() -> None:
    bench = make_bench()

    def nobody(*_: object) -> None:
        raise ConnectionRefusedError("no one there")

    bench.app._control.letters.deliver = nobody

    answer = bench.act("mail", shop=SEN_VANG, to="a@in.test")

    assert (answer["status"], answer["error"]) == (502, "The mail was not taken: no one there")
