"""Pushes of TikTok Shop: proven at the door, kept once, and worked on later."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from stores.marketplaces.tiktok_shop.signing import push_signature
from stores.models import Connection
from stores.services import inbox
from tenants.models import Agency, DueWork, InboundEvent
from tests import factories
from tests.stores import marketplace
from tests.work import run_due

SHOP = "7495540735365777507"
ORDER = 1
DEAUTHORIZATION = 6


@pytest.fixture(autouse=True)
def app(settings: Settings) -> None:
    settings.TIKTOK_SHOP = marketplace.APP


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def connection(agency: Agency, now: datetime) -> Connection:
    return factories.make_connection(shop_id=SHOP, connected_at=now - timedelta(days=3))


def _body(sent_at: datetime, **changes: Any) -> bytes:
    push = {
        "type": ORDER,
        "tts_notification_id": "7380066284010030890",
        "shop_id": SHOP,
        "timestamp": int(sent_at.timestamp()),
        "data": {"order_id": "576653688135258178", "order_status": "UNPAID"},
    }
    return json.dumps(push | changes).encode()


def _sign(body: bytes) -> str:
    app = marketplace.APP
    return push_signature(app_key=app["app_key"], app_secret=app["app_secret"], body=body)


def _push(client: Client, body: bytes, signature: str | None = None) -> Any:
    return client.post(
        "/hooks/tiktok_shop/",
        data=body,
        content_type="application/json",
        headers={"authorization": _sign(body) if signature is None else signature},
    )


def _syncs() -> int:
    return DueWork.objects.filter(kind="stores.sync", done_at=None).count()


def test_a_push_about_an_order_makes_the_sync_come_at_once(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    body = _body(now)

    answer = _push(public_client, body)
    event = InboundEvent.objects.get()
    kept = inbox.payload_of(event)
    done = run_due(kind="stores.read_push")

    event.refresh_from_db()
    due = DueWork.objects.get(kind="stores.sync")
    assert (answer.status_code, kept, event.store_id) == (200, body, connection.store_id)
    assert (done, due.subject, due.done_at) == (
        ["stores.read_push"],
        str(connection.store_id),
        None,
    )
    assert event.handled_at is not None
    assert bytes(event.payload) == b""


def test_a_repeated_push_is_kept_once(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    answers = [_push(public_client, _body(now)).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert InboundEvent.objects.count() == 1


def test_a_deauthorization_ends_the_connection_it_was_sent_about(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    late = _body(now - timedelta(hours=2), type=DEAUTHORIZATION, tts_notification_id="1")
    Connection.objects.update(connected_at=now - timedelta(hours=1))
    _push(public_client, late)
    run_due(kind="stores.read_push")
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED

    _push(public_client, _body(now, type=DEAUTHORIZATION, tts_notification_id="2"))
    run_due(kind="stores.read_push")
    connection.refresh_from_db()
    assert (connection.state, connection.access_token) == (Connection.State.REVOKED, "")


def test_a_push_of_a_type_we_do_not_use_asks_for_nothing(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    _push(public_client, _body(now, type=66))
    run_due(kind="stores.read_push")

    assert (InboundEvent.objects.get().handled_at is None, _syncs()) == (False, 0)


@pytest.mark.parametrize(
    "signature",
    ["", "Bearer x", "0" * 64, "é", " " * 64],
    ids=["none", "bearer", "0", "é", "spaces"],
)
def test_a_forged_push_is_refused(
    connection: Connection, public_client: Client, now: datetime, signature: str
) -> None:
    answer = _push(public_client, _body(now), signature)

    assert (answer.status_code, InboundEvent.objects.count()) == (401, 0)


def test_a_push_changed_on_its_way_is_refused(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    body = _body(now)

    answer = _push(public_client, body.replace(b'"type": 1', b'"type": 6'), _sign(body))

    assert (answer.status_code, InboundEvent.objects.count()) == (401, 0)


def test_without_an_app_secret_nothing_is_believed(
    connection: Connection, public_client: Client, now: datetime, settings: Settings
) -> None:
    settings.TIKTOK_SHOP = marketplace.APP | {"app_secret": ""}
    body = _body(now)
    signature = push_signature(app_key=marketplace.APP["app_key"], app_secret="", body=body)

    assert _push(public_client, body, signature).status_code == 401


BAD = {
    "not JSON": (b"{", "is not JSON"),
    "not UTF-8": (b'{"shop_id": "\xff"}', "is not UTF-8"),
    "a list": (b"[]", "push is not an object"),
    "a float as id": (b'{"shop_id": 7.5}', "push.shop_id"),
    "no notification": (b'{"shop_id": "7495540735365777507"}', "push.tts_notification_id"),
    "NaN": (b'{"shop_id": NaN}', "holds a number that is none"),
    "nested": (b"[" * 100_000, "JSON"),
}


@pytest.mark.parametrize(("body", "named"), BAD.values(), ids=BAD.keys())
def test_a_bad_push_is_refused_by_its_field(
    connection: Connection, public_client: Client, body: bytes, named: str
) -> None:
    answer = _push(public_client, body)

    assert (answer.status_code, InboundEvent.objects.count()) == (400, 0)
    assert named in json.loads(answer.content)["message"]


@pytest.mark.parametrize(
    "age", [timedelta(hours=25), timedelta(minutes=-6), timedelta(days=-3650)], ids=str
)
def test_a_push_out_of_time_is_refused(
    connection: Connection, public_client: Client, now: datetime, age: timedelta
) -> None:
    answer = _push(public_client, _body(now - age))

    assert (answer.status_code, InboundEvent.objects.count()) == (400, 0)
    assert "push.timestamp" in json.loads(answer.content)["message"]


def test_a_large_push_and_other_doors_are_refused(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    large = _body(now, data="x" * 256 * 1024)
    statuses = [
        _push(public_client, large).status_code,
        public_client.get("/hooks/tiktok_shop/").status_code,
        public_client.post("/hooks/shopee/").status_code,
    ]

    assert (statuses, InboundEvent.objects.count()) == ([413, 405, 404], 0)


def test_a_push_of_a_shop_that_nobody_connected_leaves_nothing(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    answers = [_push(public_client, _body(now, shop_id=shop)) for shop in ("42", 2**60)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert InboundEvent.objects.count() == 0
