import json
from pathlib import Path

from stores.sandbox import settings
from tests.stores.sandbox.bench import make_bench


def test_environment_sets_the_sandbox_up(tmp_path: Path) -> None:
    chosen = settings.from_environment(
        {
            "SANDBOX_SEED": "demo",
            "SANDBOX_APP_KEY": "key",
            "SANDBOX_APP_SECRET": "secret",
            "SANDBOX_SERVICE_ID": "7400",
            "SANDBOX_REDIRECT_URL": "http://localhost:9000/back",
            "SANDBOX_ACCESS_SECONDS": "120",
            "SANDBOX_DEMO_CODES": "0",
            "SANDBOX_STATE_FILE": str(tmp_path / "state.json"),
            "MAILIN_PORT": "2525",
        }
    )

    assert chosen == settings.Settings(
        seed="demo",
        app_key="key",
        app_secret="secret",
        service_id="7400",
        redirect_url="http://localhost:9000/back",
        access_seconds=120,
        calls_a_second=50,
        state_file=tmp_path / "state.json",
        mail_port=2525,
    )


def test_environment_may_be_empty() -> None:
    chosen = settings.from_environment({})

    assert chosen.redirect_url == "http://localhost:8000/oauth/tiktok_shop/callback"
    assert (chosen.has_demo_codes, chosen.state_file) == (True, None)


def test_mail_keys_are_published_as_records_by_name(tmp_path: Path) -> None:
    bench = make_bench(mail_keys_file=tmp_path / "keys.json")

    bench.app.publish_mail_keys()

    records = json.loads((tmp_path / "keys.json").read_text())
    assert set(records) == {
        "s1._domainkey.tiktok-shop.sandbox.test",
        "s1._domainkey.tiktok-shop-support.test",
    }
    assert all(record.startswith("v=DKIM1; k=rsa; p=") for record in records.values())
    assert records == bench.http.get("/dkim.json").json()
