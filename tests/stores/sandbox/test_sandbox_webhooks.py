"""Webhooks: where a shop's events go, that they are signed, and how often they are sent again."""

import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stores.sandbox import pushes, shops
from stores.sandbox.settings import APP_KEY, APP_SECRET
from stores.sandbox.webhooks import TYPES
from tests.stores.sandbox.bench import SEN_VANG, Bench, make_bench

SEN = shops.BY_ID[SEN_VANG]
PATH = "/event/202309/webhooks"
ADDRESS = "http://localhost:8000/hooks/tiktok_shop"


def _ask(bench: Bench, method: str, body: object = None) -> dict[str, Any]:
    _, envelope = bench.call(PATH, bench.access(), body, method=method, shop_cipher=SEN.cipher)
    return envelope


def _listen(bench: Bench, *kinds: str, address: str = ADDRESS) -> None:
    for kind in kinds or TYPES:
        envelope = _ask(bench, "PUT", {"event_type": kind, "address": address})
        assert envelope["code"] == 0, envelope
    bench.app.tick()


def _contents(bench: Bench) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body, _ in bench.pushes]


def test_webhook_is_put_listed_moved_and_deleted() -> None:
    bench = make_bench()
    _listen(bench, "NEW_MESSAGE", "ORDER_STATUS_CHANGE")
    first = int(bench.now.timestamp())
    bench.move(minutes=1)
    elsewhere = "https://app.test/hooks"
    _listen(bench, "NEW_MESSAGE", address=elsewhere)
    _ask(bench, "DELETE", {"event_type": "ORDER_STATUS_CHANGE"})

    listed = _ask(bench, "GET")["data"]

    assert listed == {
        "webhooks": [
            {
                "event_type": "NEW_MESSAGE",
                "address": elsewhere,
                "create_time": first,
                "update_time": first + 60,
            }
        ],
        "total_count": 1,
    }


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:9/x",
        "http://127.0.0.1/x",
        "http://[::1]:8000/x",
        "http://shop.localhost/x",
        "https://app.test/x",
    ],
)
def test_events_may_go_to_this_machine_and_to_the_product(address: str) -> None:
    assert _ask(make_bench(), "PUT", {"event_type": "NEW_MESSAGE", "address": address})["code"] == 0


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/x",
        "https://app.test:8443/x",
        "https://app.test@evil.test/x",
        "http://localhost@evil.test/x",
        "http://169.254.169.254/x",
        "http://10.0.0.1/x",
        "file://localhost/etc/passwd",
        "http://[bad/x",
        "http://localhost:port/x",
        "http://localhost/" + "x" * 255,
        "",
        None,
    ],
)
def test_events_go_nowhere_else(address: object) -> None:
    bench = make_bench()

    envelope = _ask(bench, "PUT", {"event_type": "NEW_MESSAGE", "address": address})

    assert envelope["code"] == 36009004
    assert _ask(bench, "GET")["data"]["total_count"] == 0


def test_public_url_of_the_settings_is_where_the_product_is() -> None:
    bench = make_bench(public_url="https://shops.example.test/")

    for address, code in (("https://shops.example.test/x", 0), ("https://app.test/x", 36009004)):
        asked = {"event_type": "NEW_MESSAGE", "address": address}
        assert _ask(bench, "PUT", asked)["code"] == code


def test_unknown_type_of_event_is_refused() -> None:
    envelope = _ask(make_bench(), "PUT", {"event_type": "WEATHER", "address": ADDRESS})

    assert envelope["code"] == 36009004


def test_events_tell_what_the_searches_tell() -> None:
    """All that changes at a shop in a day is pushed once, in the words of the API."""
    bench = make_bench()
    _listen(bench)
    since = int(bench.now.timestamp())
    for _ in range(24):
        bench.move(hours=1)
        bench.app.tick()
    until = int(bench.now.timestamp())

    body = {"update_time_ge": since, "update_time_lt": until}
    _, envelope = bench.call(
        "/order/202309/orders/search",
        bench.access(),
        body,
        shop_cipher=SEN.cipher,
        page_size="100",
    )

    told = _contents(bench)
    changed = {
        (order["id"], order["status"].replace("CANCELLED", "CANCEL"))
        for order in envelope["data"]["orders"]
        if not order["is_buyer_request_cancel"] and order["update_time"] < until
    }
    of_orders = {
        (each["data"]["order_id"], each["data"]["order_status"])
        for each in told
        if each["type"] == 1
    }
    assert changed - of_orders <= {
        # Their last change was a wish to cancel that was answered with no.
        (order["id"], order["status"])
        for order in envelope["data"]["orders"]
        if "request_cancel_time" in order
    }
    assert {each["type"] for each in told} >= {1, 13, 14}
    assert len({each["tts_notification_id"] for each in told}) == len(told)
    assert {frozenset(each) for each in told} == {
        frozenset({"type", "tts_notification_id", "shop_id", "timestamp", "data"})
    }


def test_every_kind_of_event_comes_within_a_month() -> None:
    bench = make_bench()
    troubled = shops.BY_ID["7495000000000000202"]
    marketplace = bench.app._pusher.marketplace
    now = int(bench.now.timestamp())
    bench.access(troubled.id)

    found = pushes.events(pushes.Window(marketplace, troubled, now - 30 * 86400, now))

    assert {event.kind for event in found} == {
        "ORDER_STATUS_CHANGE",
        "PACKAGE_UPDATE",
        "CANCELLATION_STATUS_CHANGE",
        "RETURN_STATUS_CHANGE",
        "PRODUCT_STATUS_CHANGE",
        "NEW_CONVERSATION",
        "NEW_MESSAGE",
    }
    products = [event.data["product_id"] for event in found if event.kind.startswith("PRODUCT")]
    assert all(isinstance(number, int) and number > 2**53 for number in products)
    messages = [event.data["content"] for event in found if event.kind == "NEW_MESSAGE"]
    assert any("CANARY chat" in str(content) for content in messages)


def test_event_is_signed_over_its_bytes() -> None:
    bench = make_bench()
    _listen(bench, "ORDER_STATUS_CHANGE")
    bench.act("late-orders", shop=SEN.id, count=1)
    bench.move(seconds=2)
    bench.app.tick()

    address, body, headers = bench.pushes[-1]

    digest = hmac.new(APP_SECRET.encode(), APP_KEY.encode() + body, hashlib.sha256).hexdigest()
    assert (address, headers["Authorization"]) == (ADDRESS, digest)


def test_event_that_nobody_takes_is_sent_four_times_more() -> None:
    bench = make_bench()
    bench.takes_pushes = False
    _listen(bench, "ORDER_STATUS_CHANGE")
    bench.act("push", shop=SEN.id)
    bench.app.tick()
    sent = [len(bench.pushes)]

    for wait in (119, 1, 1799, 1, 3 * 3600, 12 * 3600, 24 * 3600):
        bench.move(seconds=wait)
        _only_send(bench)
        sent.append(len(bench.pushes))

    assert sent == [1, 1, 2, 2, 3, 4, 5, 5]
    assert {body for _, body, _ in bench.pushes} == {bench.pushes[0][1]}
    assert bench.app.state.outbox == []
    assert bench.app.state.pushes["given_up"] == 1


def _only_send(bench: Bench) -> None:
    """Tick with nobody listening any more, so that nothing new is found."""
    _ask(bench, "DELETE", {"event_type": "ORDER_STATUS_CHANGE"})
    bench.app.tick()


def test_event_that_is_taken_late_is_sent_no_more() -> None:
    bench = make_bench()
    bench.takes_pushes = False
    _listen(bench, "ORDER_STATUS_CHANGE")
    bench.act("push", shop=SEN.id)
    bench.app.tick()
    bench.takes_pushes = True
    bench.move(minutes=2)
    _only_send(bench)
    bench.move(days=1)
    _only_send(bench)

    assert len(bench.pushes) == 2
    assert bench.app.state.pushes == {"delivered": 1, "failed": 1, "given_up": 0, "wished": 1}


@pytest.mark.parametrize(
    ("variant", "distinct", "is_signed", "age"),
    [
        ("valid", 3, True, 0),
        ("repeated", 3, True, 0),
        ("forged", 3, False, 0),
        ("stale", 3, True, 3),
    ],
)
def test_events_by_wish(variant: str, distinct: int, is_signed: bool, age: int) -> None:  # noqa: FBT001
    bench = make_bench()
    _listen(bench, "ORDER_STATUS_CHANGE")

    bench.act("push", shop=SEN.id, variant=variant, count=3)
    bench.app.tick()

    assert len(bench.pushes) == (6 if variant == "repeated" else 3)
    assert len({body for _, body, _ in bench.pushes}) == distinct
    for _, body, headers in bench.pushes:
        digest = hmac.new(APP_SECRET.encode(), APP_KEY.encode() + body, hashlib.sha256)
        assert (headers["Authorization"] == digest.hexdigest()) == is_signed
    sent = {int(bench.now.timestamp()) - each["timestamp"] for each in _contents(bench)}
    assert sent == {age * 86400}


def test_removing_the_app_is_pushed_and_nothing_after_it() -> None:
    bench = make_bench()
    _listen(bench, "SELLER_DEAUTHORIZATION", "ORDER_STATUS_CHANGE")

    bench.act("revoke", shop=SEN.id)
    bench.act("late-orders", shop=SEN.id, count=2)
    bench.move(minutes=1)
    bench.app.tick()

    (told,) = _contents(bench)
    assert set(told) == {"type", "shop_id", "timestamp", "data"}  # no id, as documented
    assert (told["type"], told["shop_id"]) == (6, SEN.id)
    assert SEN.id in told["data"]["message"]


def test_end_of_an_authorization_is_announced_each_midnight() -> None:
    bench = make_bench(refresh_seconds=31 * 86400)
    _listen(bench, "UPCOMING_AUTHORIZATION_EXPIRATION")

    for _ in range(3):
        bench.move(days=1)
        bench.app.tick()

    assert [each["data"]["message"].split()[-2] for each in _contents(bench)] == ["30", "29", "28"]


def test_restart_loses_no_event(tmp_path: Path) -> None:
    before = make_bench(state_file=tmp_path / "state.json")
    before.takes_pushes = False
    _listen(before, "ORDER_STATUS_CHANGE")
    before.act("push", shop=SEN.id, count=2)
    before.app.tick()

    after = make_bench(state_file=tmp_path / "state.json")
    after.move(minutes=2)
    after.app.tick()

    again = {body for _, body, _ in after.pushes}
    assert again >= {body for _, body, _ in before.pushes}
    assert after.app.state.webhooks == before.app.state.webhooks


@pytest.fixture
def far_end() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Run a server that takes what is posted to it, and answers the path ``/away`` elsewhere."""
    taken: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_event_goes_over_http_and_follows_nowhere(
    far_end: tuple[str, list[tuple[str, bytes]]],
) -> None:
    address, taken = far_end

    assert pushes.over_http(f"{address}/hook", b"one", {}) == 200
    assert pushes.over_http(f"{address}/away", b"two", {}) == 302
    assert taken == [("/hook", b"one"), ("/away", b"two")]
    with pytest.raises(OSError, match="not taken"):
        pushes.over_http("http://127.0.0.1:1/hook", b"three", {})
