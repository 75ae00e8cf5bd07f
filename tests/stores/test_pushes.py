"""Pushes of TikTok Shop: proven at the door, kept once, and worked on later."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from stores.marketplaces.tiktok_shop import pushes as tiktok
from stores.marketplaces.tiktok_shop.signing import push_signature
from stores.models import Alert, Connection, Reading, SyncCursor
from stores.services import inbox, pushes
from tenants.health.counters import REGISTRY
from tenants.models import Agency, DueWork, InboundEvent
from tests import factories
from tests.stores import marketplace
from tests.work import run_due

SHOP = "7495540735365777507"
ORDER = 1
PRODUCT = 5
DEAUTHORIZATION = 6
EXPIRES_SOON = 7
Outcome = InboundEvent.Outcome


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
    assert (event.type, event.sent_at, event.outcome) == ("1", now, Outcome.ASKED)
    assert (done, due.subject, due.done_at) == (
        ["stores.read_push"],
        str(connection.store_id),
        None,
    )
    assert event.handled_at is not None
    assert bytes(event.payload) == b""


@pytest.mark.parametrize("named", [True, False], ids=["by its number", "by its bytes"])
def test_a_repeated_push_is_kept_once_and_done_once(
    connection: Connection,
    public_client: Client,
    now: datetime,
    named: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    body = _body(now) if named else _body(now, tts_notification_id=None)

    answers = [_push(public_client, body).status_code for _ in range(3)]
    done = run_due(kind="stores.read_push")
    answers.append(_push(public_client, body).status_code)

    assert answers == [200, 200, 200, 200]
    assert (done, run_due(kind="stores.read_push")) == (["stores.read_push"], [])
    assert InboundEvent.objects.count() == 1


def test_a_number_longer_than_its_column_is_told_by_the_bytes(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    body = _body(now, tts_notification_id="7" * 128)

    answers = [_push(public_client, body).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert InboundEvent.objects.get().digest == hashlib.sha256(body).hexdigest()


def test_numbers_no_float_can_hold_are_kept_to_the_digit(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    body = _body(
        now,
        type=PRODUCT,
        shop_id=int(SHOP),
        tts_notification_id=2**63 + 1,
        data={"product_id": 2**53 + 1},
    )

    answer = _push(public_client, body)

    event = InboundEvent.objects.get()
    assert (answer.status_code, event.store_id) == (200, connection.store_id)
    assert event.digest == str(2**63 + 1)
    assert b'"product_id": 9007199254740993' in inbox.payload_of(event)


def test_a_push_that_is_no_json_is_refused_as_a_push(
    connection: Connection, public_client: Client
) -> None:
    answer = _push(public_client, b"{")

    assert (answer.status_code, answer.json()["message"]) == (400, "push is not JSON")


@pytest.mark.parametrize("push_type", [key for key, data in tiktok.READS.items() if data])
def test_each_type_that_tells_of_data_makes_the_sync_come_soon(
    connection: Connection, public_client: Client, now: datetime, push_type: str
) -> None:
    _push(public_client, _body(now, type=int(push_type)))
    run_due(kind="stores.read_push")

    event, due = InboundEvent.objects.get(), DueWork.objects.get(kind="stores.sync")
    assert (event.outcome, due.subject) == (Outcome.ASKED, str(connection.store_id))
    assert event.handled_at
    assert due.due_at == event.handled_at + pushes.SOON


def test_a_push_lets_the_data_it_tells_of_come_soon_and_no_other(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    # given nothing is due for hours
    later = now + timedelta(hours=3)
    for data in ("orders", "stock", "returns"):
        SyncCursor.objects.create(store=connection.store, data=data, due_at=later)

    # when
    _push(public_client, _body(now, type=27))
    run_due(kind="stores.read_push")

    # then
    soon = SyncCursor.objects.filter(due_at__lt=later).values_list("data", flat=True)
    assert list(soon) == ["stock"]


def test_a_burst_of_pushes_makes_one_sync(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    for number in range(5):
        _push(public_client, _body(now, tts_notification_id=str(number)))
        run_due(kind="stores.read_push")

    first = InboundEvent.objects.order_by("received_at")[0]
    assert first.handled_at
    assert _syncs() == 1
    assert DueWork.objects.get(kind="stores.sync").due_at == first.handled_at + pushes.SOON


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
    assert Alert.objects.get().code == "connection.revoked"
    outcomes = InboundEvent.objects.order_by("digest").values_list("outcome", flat=True)
    assert list(outcomes) == [Outcome.OVERTAKEN, Outcome.ENDED]


def test_a_deauthorization_as_documented_has_no_number_and_ends_the_connection(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    push = {
        "type": 6,
        "shop_id": SHOP,
        "timestamp": int(now.timestamp()),
        "data": {"message": f"Shop_id {SHOP} is deauthorized from your APP by merchant."},
    }

    answer = _push(public_client, json.dumps(push).encode())
    run_due(kind="stores.read_push")

    connection.refresh_from_db()
    assert (answer.status_code, connection.state) == (200, Connection.State.REVOKED)


def _warning(sent_at: datetime, days: int, **changes: Any) -> bytes:
    words = (
        f"Authorization of shop_id {SHOP} is expiring in {days} days."
        " Please direct the merchant to authorize again."
    )
    about = {"type": EXPIRES_SOON, "tts_notification_id": None, "data": {"message": words}}
    return _body(sent_at, **(about | changes))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "older one last"])
def test_a_warning_of_the_end_counts_by_when_it_was_sent(
    connection: Connection, public_client: Client, now: datetime, order: tuple[int, int]
) -> None:
    yesterday = now - timedelta(hours=20)
    sent = [_warning(yesterday, 14), _warning(now, 13)]

    for number in order:
        _push(public_client, sent[number])
        run_due(kind="stores.read_push")

    connection.refresh_from_db()
    newest = Reading.objects.filter(metric="authorization_days").order_by("-measured_at")[0]
    assert (newest.value, newest.measured_at) == (Decimal(13), now)
    assert connection.refresh_expires_at == min(now + timedelta(13), yesterday + timedelta(14))
    assert [alert.code for alert in Alert.objects.filter(state="open")] == [
        "reading.authorization_days"
    ]


def test_a_warning_from_before_the_store_was_connected_anew_changes_nothing(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    Connection.objects.update(connected_at=now)
    _push(public_client, _warning(now - timedelta(hours=1), 3))
    run_due(kind="stores.read_push")

    assert InboundEvent.objects.get().outcome == Outcome.OVERTAKEN
    assert (Reading.objects.count(), Alert.objects.count()) == (0, 0)


@pytest.mark.parametrize("data", [None, {}, {"message": "Soon."}, {"message": 7}], ids=str)
def test_a_warning_in_other_words_lets_the_sync_tell(
    connection: Connection, public_client: Client, now: datetime, data: Any
) -> None:
    _push(public_client, _warning(now, 3, data=data))
    run_due(kind="stores.read_push")

    assert (InboundEvent.objects.get().outcome, _syncs()) == (Outcome.ASKED, 1)


def test_a_push_of_a_type_we_do_not_use_asks_for_nothing(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    _push(public_client, _body(now, type=66))
    run_due(kind="stores.read_push")

    event = InboundEvent.objects.get()
    assert (event.outcome, event.handled_at is None, _syncs()) == (Outcome.NOTED, False, 0)


@pytest.mark.parametrize("push_type", [999, "SHOP_MOOD_CHANGE"], ids=str)
def test_a_push_of_an_unknown_type_stays_as_it_came_for_thirty_days(
    connection: Connection, public_client: Client, now: datetime, push_type: int | str
) -> None:
    body = _body(now, type=push_type)
    _push(public_client, body)
    run_due(kind="stores.read_push")
    event = InboundEvent.objects.get()
    kept = inbox.payload_of(event)

    run_due(kind="stores.forget_push", at=now + timedelta(days=31))

    event_later = InboundEvent.objects.get()
    assert (event.outcome, event.type, kept) == (Outcome.UNKNOWN, str(push_type), body)
    assert (bytes(event_later.payload), event_later.outcome) == (b"", Outcome.UNKNOWN)


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
    "a bad number": (b'{"shop_id": "7", "tts_notification_id": "a b"}', "tts_notification_id"),
    "no type": (b'{"shop_id": "7495540735365777507"}', "push.type"),
    "no moment": (b'{"shop_id": "7495540735365777507", "type": 1}', "push.timestamp"),
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
    answers = [_push(public_client, _body(now, shop_id=shop)) for shop in ("42", 2**60, None)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert InboundEvent.objects.count() == 0


def test_pushes_are_counted_by_what_became_of_them(
    connection: Connection, public_client: Client, now: datetime
) -> None:
    before = _counted()
    for body in (_body(now), _body(now), _body(now, shop_id="42"), _body(now - timedelta(2)), b"["):
        _push(public_client, body)
    _push(public_client, _body(now), "0" * 64)
    _push(public_client, b" " * (256 * 1024 + 1))

    counted = {outcome: count - before.get(outcome, 0) for outcome, count in _counted().items()}
    expected = ("kept", "repeated", "of_no_store", "out_of_time", "bad", "forged", "too_large")
    assert counted == dict.fromkeys(expected, 1)


def _counted() -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "storewarden_pushes_total"
    }
