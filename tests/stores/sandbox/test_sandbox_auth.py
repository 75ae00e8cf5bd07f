from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from stores.sandbox import shops
from stores.sandbox.settings import APP_KEY, APP_SECRET
from tests.stores.sandbox.bench import CALLBACK, SEN_VANG, Bench, demo_code, make_bench

TOKEN_FIELDS = {
    "access_token",
    "access_token_expire_in",
    "refresh_token",
    "refresh_token_expire_in",
    "open_id",
    "seller_name",
    "seller_base_region",
    "user_type",
    "granted_scopes",
}


def _decide(bench: Bench, decision: str, shop: str = SEN_VANG, **more: str) -> tuple[int, str]:
    form = {"service_id": "7400", "state": "s&t=1", "shop": shop, "decision": decision, **more}
    answer = bench.http.post("/open/authorize", data=form)
    return answer.status_code, answer.headers.get("location", "")


def test_consent_page_offers_every_shop() -> None:
    page = make_bench().http.get("/open/authorize", params={"service_id": "1", "state": "x"})

    assert page.status_code == 200
    assert page.text.count('type="radio"') == len(shops.SHOPS)
    assert "Maple &amp; Finch Home" in page.text


def test_authorizing_leads_back_with_code_and_state() -> None:
    status, address = _decide(make_bench(), "authorize")

    parameters = parse_qs(urlsplit(address).query)
    assert status == 303
    assert address.startswith(f"{CALLBACK}?")
    assert set(parameters) == {"app_key", "code", "locale", "shop_region", "state"}
    assert (parameters["state"], parameters["shop_region"]) == (["s&t=1"], ["VN"])


def test_refusing_leads_back_without_a_code() -> None:
    status, address = _decide(make_bench(), "refuse")

    assert (status, address) == (303, f"{CALLBACK}?error=access_denied&state=s%26t%3D1")


def test_leading_back_goes_to_the_apps_own_address_only() -> None:
    _, address = _decide(make_bench(), "authorize", redirect_uri="https://evil.test/")

    assert address.startswith(CALLBACK)


@pytest.mark.parametrize(
    ("decision", "shop"), [("authorize", "1"), ("", SEN_VANG), ("maybe", SEN_VANG)]
)
def test_deciding_needs_a_shop_and_a_decision(decision: str, shop: str) -> None:
    assert _decide(make_bench(), decision, shop) == (400, "")


def test_consent_page_escapes_what_it_is_given() -> None:
    mark = '"><script>alert(1)</script>'

    page = make_bench().http.get("/open/authorize", params={"service_id": mark, "state": mark})

    assert "<script" not in page.text


@pytest.mark.parametrize("service_id", ["", "other"])
def test_consent_page_knows_its_app(service_id: str) -> None:
    bench = make_bench(service_id="7400")

    page = bench.http.get("/open/authorize", params={"service_id": service_id, "state": "x"})

    assert page.status_code == 400


def _exchange(bench: Bench, **changed: str) -> tuple[int, int]:
    query = {
        "app_key": APP_KEY,
        "app_secret": APP_SECRET,
        "auth_code": bench.act("grant", shop=SEN_VANG)["code"],
        "grant_type": "authorized_code",
        **changed,
    }
    answer = bench.http.get("/api/v2/token/get", params=query)
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, (200, 0), id="as it should be"),
        pytest.param({"app_secret": "no"}, (200, 36004002), id="wrong secret"),
        pytest.param({"app_key": "no"}, (200, 36004002), id="wrong app"),
        pytest.param({"grant_type": "code"}, (400, 36004001), id="wrong grant type"),
        pytest.param({"auth_code": "no"}, (200, 36004004), id="wrong code"),
    ],
)
def test_token_call_checks_app_and_grant(
    changed: dict[str, str], expected: tuple[int, int]
) -> None:
    assert _exchange(make_bench(), **changed) == expected


def test_token_answer_holds_the_documented_fields() -> None:
    bench = make_bench(access_seconds=60, refresh_seconds=600)
    query = {
        "app_key": APP_KEY,
        "app_secret": APP_SECRET,
        "auth_code": bench.act("grant", shop=SEN_VANG)["code"],
        "grant_type": "authorized_code",
    }

    data = bench.http.get("/api/v2/token/get", params=query).json()["data"]

    now = int(bench.now.timestamp())
    assert set(data) == TOKEN_FIELDS
    assert data["access_token_expire_in"] == now + 60
    assert data["refresh_token_expire_in"] == now + 600


def test_demo_codes_connect_every_shop_once() -> None:
    bench = make_bench(has_demo_codes=True)
    bench.move(days=400)

    found = []
    for shop in shops.SHOPS:
        tokens = bench.client().exchange_code(demo_code(shop))
        found += [payload.id for payload in bench.client().shops(tokens.access_token)]

    assert set(found) == {shop.id for shop in shops.SHOPS}


def test_restart_revokes_nothing_when_there_is_a_file(tmp_path: Path) -> None:
    # given a shop that authorized the app, and a burst of late orders
    file = tmp_path / "state.json"
    before = make_bench(state_file=file)
    tokens = before.client().exchange_code(before.act("grant", shop=SEN_VANG)["code"])
    before.act("late-orders", shop=SEN_VANG, count=3)

    # when
    after = make_bench(state_file=file)

    # then
    assert len(after.client().shops(tokens.access_token)) == 1
    assert after.app.state.incidents.known == before.app.state.incidents.known
    assert after.app.mail_keys() == after.app.mail_keys()
    renewed = after.client().refresh(tokens.refresh_token)
    assert renewed.open_id == tokens.open_id
