"""Incidents: at one shop or at all, from when they are started till their end."""

import email
import json
import re
from decimal import Decimal
from email import policy
from pathlib import Path
from typing import Any

import pytest

from stores.sandbox import shops
from stores.sandbox.incidents import OUTAGES
from tests.stores.sandbox.bench import HARBOR_VN, HOST, SEN_VANG, Bench, make_bench

SEN, HARBOR = shops.BY_ID[SEN_VANG], shops.BY_ID[HARBOR_VN]
SEARCH = "/order/202309/orders/search"


def _status(bench: Bench, shop: shops.Shop, token: str) -> int | str:
    """Return the status of one search, or that its answer was no JSON at all."""
    try:
        status, envelope = bench.call(SEARCH, token, {}, shop_cipher=shop.cipher, page_size="1")
    except json.JSONDecodeError:
        return "not JSON"
    return status if status != 200 or envelope["code"] == 0 else int(envelope["code"])


# name: (the act, its fields, what a search then answers)
INCIDENTS: dict[str, tuple[str, dict[str, object], int | str]] = {
    "503": ("outage", {"kind": "503"}, "not JSON"),
    "500": ("outage", {"kind": "500"}, 500),
    "cut answer": ("outage", {"kind": "cut"}, "not JSON"),
    "bad JSON": ("outage", {"kind": "bad_json"}, "not JSON"),
    "page instead": ("outage", {"kind": "html"}, "not JSON"),
    "200 with an error code": ("outage", {"kind": "refused"}, 98009999),
    "429": ("rate-limit", {"calls": 0}, 429),
    "clock skew": ("clock-skew", {"seconds": 900}, 400),
    "inactive": ("inactive", {}, 403),
    "revoked": ("revoke", {}, 401),
}


@pytest.mark.parametrize(("act", "fields", "expected"), INCIDENTS.values(), ids=INCIDENTS.keys())
def test_incident_strikes_one_shop_and_is_over_in_time(
    act: str, fields: dict[str, object], expected: int | str
) -> None:
    bench = make_bench()
    sen, harbor = bench.access(SEN.id), bench.access(HARBOR.id)

    bench.act(act, shop=SEN.id, minutes=10, **fields)

    assert (_status(bench, SEN, sen), _status(bench, HARBOR, harbor)) == (expected, 200)
    bench.move(minutes=9, seconds=59)
    assert _status(bench, SEN, sen) == expected
    bench.move(seconds=1)
    assert (_status(bench, SEN, sen), bench.told()) == (200, [])


@pytest.mark.parametrize(("act", "fields", "expected"), INCIDENTS.values(), ids=INCIDENTS.keys())
def test_incident_strikes_every_shop_until_it_is_ended(
    act: str, fields: dict[str, object], expected: int | str
) -> None:
    bench = make_bench()
    sen, harbor = bench.access(SEN.id), bench.access(HARBOR.id)

    started = bench.act(act, minutes=600, **fields)

    assert (_status(bench, SEN, sen), _status(bench, HARBOR, harbor)) == (expected, expected)
    ended = bench.act("end", incident=started["incident"])
    assert (ended["ok"], bench.told()) == (True, [])
    assert (_status(bench, SEN, sen), _status(bench, HARBOR, harbor)) == (200, 200)


def test_nan_stands_where_the_code_should() -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("outage", kind="nan", shop=SEN.id)

    _, envelope = bench.call("/seller/202309/shops", token)

    assert str(envelope["code"]) == "nan"


def test_slow_answer_takes_its_time_and_is_whole() -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("outage", kind="slow", milliseconds=2500)

    status = _status(bench, SEN, token)

    assert (status, bench.waits) == (200, [2.5])


def test_outages_are_all_tried() -> None:
    tried = {fields["kind"] for act, fields, _ in INCIDENTS.values() if act == "outage"}

    assert tried | {"nan", "slow"} == set(OUTAGES)


def test_retry_after_is_told_and_so_many_calls_are_refused() -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("rate-limit", shop=SEN.id, calls=2, retry_after=7)

    statuses = [_status(bench, SEN, token) for _ in range(3)]

    assert statuses == [429, 429, 200]
    bench.act("rate-limit", calls=1, retry_after=7)
    answer = bench.http.get(f"{HOST}/seller/202309/shops")
    assert answer.status_code == 400  # unsigned: the gateway refuses before it counts
    assert _status(bench, SEN, token) == 429


def test_revoked_for_good_is_mended_by_a_new_grant_only() -> None:
    bench = make_bench()
    token = bench.access()

    bench.act("revoke", shop=SEN.id)
    bench.move(days=3)
    bench.act("reset")

    assert _status(bench, SEN, token) == 401
    assert _status(bench, SEN, bench.access()) == 200


def test_token_refused_while_revoked_can_be_refreshed_afterwards() -> None:
    bench = make_bench()
    tokens = bench.client().exchange_code(bench.act("grant", shop=SEN.id)["code"])
    query = {
        "app_key": bench.app.settings.app_key,
        "app_secret": bench.app.settings.app_secret,
        "refresh_token": tokens.refresh_token,
        "grant_type": "refresh_token",
    }

    bench.act("revoke", shop=SEN.id, minutes=5)
    refused = bench.http.get("/api/v2/token/refresh", params=query).json()["code"]
    bench.move(minutes=5)
    taken = [bench.http.get("/api/v2/token/refresh", params=query).json()["code"] for _ in "ab"]

    assert (refused, taken) == (36004004, [0, 36004004])
    assert _facts(bench)["spent_again"] == 1


def _facts(bench: Bench) -> dict[str, Any]:
    answer = bench.http.get("/control", headers={"accept": "application/json"})
    facts: dict[str, Any] = answer.json()
    return facts


def _overdue(bench: Bench, shop: shops.Shop, token: str) -> int:
    body = {"order_status": "AWAITING_SHIPMENT"}
    _, envelope = bench.call(SEARCH, token, body, shop_cipher=shop.cipher, page_size="100")
    now = bench.now.timestamp()
    return sum(order["rts_sla_time"] < now for order in envelope["data"]["orders"])


def test_late_orders_stand_overdue_until_their_end_and_are_shipped_then() -> None:
    bench = make_bench()
    sen, harbor = bench.access(SEN.id), bench.access(HARBOR.id)
    before = _overdue(bench, SEN, sen), _overdue(bench, HARBOR, harbor)

    bench.act("late-orders", count=20, minutes=30)

    assert _overdue(bench, SEN, sen) == before[0] + 20
    assert _overdue(bench, HARBOR, harbor) == before[1] + 20
    bench.move(minutes=91)
    assert _overdue(bench, SEN, sen) < 20


def test_late_orders_that_are_ended_stay_in_the_books() -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("late-orders", shop=SEN.id, count=3)
    bench.move(minutes=1)
    bench.act("reset")
    bench.move(hours=2)

    body = {"order_status": "AWAITING_COLLECTION"}
    _, envelope = bench.call(SEARCH, token, body, shop_cipher=SEN.cipher, page_size="100")

    shipped = [order for order in envelope["data"]["orders"] if order["id"].startswith("58")]
    assert len(shipped) == 3


def _money(bench: Bench, token: str, what: str, **query: str) -> list[dict[str, Any]]:
    _, envelope = bench.call(
        f"/finance/202309/{what}", token, shop_cipher=SEN.cipher, page_size="100", **query
    )
    rows: list[dict[str, Any]] = envelope["data"][what]
    return rows


def test_negative_balance_is_a_deduction_a_bad_statement_and_a_failed_payment() -> None:
    bench = make_bench()
    token = bench.access()
    since = str(int(bench.now.timestamp()))

    bench.act("negative-balance", shop=SEN.id, amount=90_000_000, minutes=4 * 24 * 60)
    bench.move(days=3, hours=1)

    taken = _money(bench, token, "withdrawals", types="TRANSFER", create_time_ge=since)
    assert [row["amount"] for row in taken] == ["-90000000"]
    by_time = {"sort_field": "statement_time", "statement_time_ge": since}
    statement = _money(bench, token, "statements", **by_time)[0]
    assert statement["adjustment_amount"] == "-90000000"
    assert Decimal(statement["settlement_amount"]) < 0
    assert statement["payment_status"] == "FAILED"
    bench.move(days=1)
    given = _money(bench, token, "withdrawals", types="TRANSFER", create_time_ge=since)
    assert [row["amount"] for row in given] == ["-90000000", "90000000"]


def test_violation_wave_is_spread_over_its_time() -> None:
    bench = make_bench()

    bench.act("violation-wave", shop=SEN.id, to="sen@in.test", count=6, minutes=60)
    started = len(bench.mails)
    for _ in range(3):
        bench.move(minutes=10)
        bench.app.tick()
    half = len(bench.mails)
    bench.move(hours=1)
    bench.app.tick()
    bench.app.tick()

    assert (started, half, len(bench.mails)) == (1, 4, 6)
    assert {to for to, _ in bench.mails} == {"sen@in.test"}
    assert bench.told() == []


def test_violation_wave_for_all_goes_where_earlier_notices_went() -> None:
    bench = make_bench()
    nobody = bench.act("violation-wave", count=2)
    for shop, to in ((SEN.id, "sen@in.test"), (HARBOR.id, "harbor@in.test")):
        bench.act("mail", shop=shop, to=to)
    bench.mails.clear()

    bench.act("violation-wave", count=2)

    assert (nobody["status"], nobody["error"]) == (
        400,
        "to: give the store's forwarding address.",
    )
    assert sorted(to for to, _ in bench.mails) == ["harbor@in.test"] * 2 + ["sen@in.test"] * 2


def test_wave_tells_the_rating_that_its_points_leave_or_none() -> None:
    # when
    bench = make_bench()
    bench.act("violation-wave", shop=SEN.id, to="sen@in.test", count=12, rating=200)
    told = [
        re.findall(r"(?:Rating is now|Rating after deduction:) (-?\d+)", body(raw))
        for _to, raw in bench.mails
    ]
    bench.mails.clear()
    bench.act("violation-wave", shop=SEN.id, to="sen@in.test", count=4)
    untold = [body(raw) for _to, raw in bench.mails]

    # then the n-th mail took 1, 2, ... n points
    left = [200 - number * (number + 1) // 2 for number in range(1, 13)]
    assert any(told)
    assert all(ratings in ([], [str(rating)]) for ratings, rating in zip(told, left, strict=True))
    assert [re.search(r"Rating (is now|after)", text) for text in untold] == [None] * 4


def body(raw: bytes) -> str:
    plain = email.message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())


def test_wave_that_is_ended_sends_no_more() -> None:
    bench = make_bench()
    wave = bench.act("violation-wave", shop=SEN.id, to="sen@in.test", count=6, minutes=60)

    bench.act("end", incident=wave["incident"])
    bench.move(hours=2)
    bench.app.tick()

    assert len(bench.mails) == 1


def test_incidents_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    before = make_bench(state_file=file)
    before.act("outage", kind="503", shop=SEN.id, minutes=20)
    before.act("negative-balance")
    before.act("violation-wave", shop=SEN.id, to="sen@in.test", count=3, minutes=30)

    after = make_bench(state_file=file)

    assert after.told() == before.told() != []
    assert after.app.state.mail_addresses == {SEN.id: "sen@in.test"}


@pytest.mark.parametrize(
    ("name", "fields", "error"),
    [
        ("end", {"incident": 9}, "incident: there is no such incident going on."),
        ("outage", {"kind": "503", "minutes": "-1"}, "minutes: this is not from 0 to 525600."),
        ("outage", {"kind": "503", "shop": "1"}, "shop: there is no such shop."),
        ("push", {"shop": SEN.id}, "shop: its app has not said where events go."),
        ("push", {"shop": SEN.id, "variant": "late"}, "variant: there is no such event."),
        ("violation-wave", {"shop": SEN.id, "to": "x"}, "to: give the store's forwarding address."),
    ],
)
def test_incident_refuses_what_makes_no_sense(
    name: str, fields: dict[str, object], error: str
) -> None:
    assert make_bench().act(name, **fields) == {"status": 400, "ok": False, "error": error}


def test_change_within_a_change_is_written_at_the_end_of_both(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    state = make_bench(state_file=file).app.state
    with state.changing():
        with state.changing():
            state.mails_sent = 1
        assert not file.exists()

    assert json.loads(file.read_text())["mails_sent"] == 1
