"""How one sandbox is set up."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

APP_KEY = "sandbox-app-key"
APP_SECRET = "sandbox-app-secret"  # noqa: S105 - of the sandbox's own app, which guards nothing
REDIRECT_URL = "http://localhost:8000/oauth/tiktok_shop/callback"
MAIL_DOMAIN = "tiktok-shop.sandbox.test"
DAY = 24 * 3600


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """Who the app is, where sellers are sent back to, and how long tokens last (in seconds).

    ``public_url`` is where webhooks may go besides this machine; empty: where sellers go back to.
    """

    seed: str
    now: Callable[[], datetime] = wall_clock
    app_key: str = APP_KEY
    app_secret: str = APP_SECRET
    redirect_url: str = REDIRECT_URL
    public_url: str = ""
    service_id: str = ""  # empty: any
    access_seconds: int = 7 * DAY
    refresh_seconds: int = 365 * DAY
    calls_a_second: int = 0  # per app and shop; 0: no limit
    delay_ms: int = 0  # that each call takes
    more_shops: int = 0  # besides those with names
    most_products: int = 10_000  # that one search may find
    sleep: Callable[[float], None] = time.sleep
    state_file: Path | None = None
    has_demo_codes: bool = False
    mail_host: str = "127.0.0.1"
    mail_port: int = 8025
    mail_to: str = ""
    mail_keys_file: Path | None = None

    def seconds(self) -> int:
        return int(self.now().timestamp())

    @property
    def public_host(self) -> str:
        """Return host and port of the product, as its address has them."""
        return urlsplit(self.public_url or self.redirect_url).netloc


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a sandbox that runs beside the product in development."""

    def path(name: str) -> Path | None:
        return Path(environ[name]) if environ.get(name) else None

    def number(name: str, default: int) -> int:
        return int(environ.get(name) or default)

    return Settings(
        seed=environ.get("SANDBOX_SEED", "storewarden"),
        app_key=environ.get("SANDBOX_APP_KEY") or APP_KEY,
        app_secret=environ.get("SANDBOX_APP_SECRET") or APP_SECRET,
        redirect_url=environ.get("SANDBOX_REDIRECT_URL") or REDIRECT_URL,
        public_url=environ.get("SANDBOX_PUBLIC_URL", ""),
        service_id=environ.get("SANDBOX_SERVICE_ID", ""),
        access_seconds=number("SANDBOX_ACCESS_SECONDS", 7 * DAY),
        refresh_seconds=number("SANDBOX_REFRESH_SECONDS", 365 * DAY),
        calls_a_second=number("SANDBOX_CALLS_A_SECOND", 50),
        delay_ms=number("SANDBOX_DELAY_MS", 0),
        more_shops=number("SANDBOX_MORE_SHOPS", 0),
        state_file=path("SANDBOX_STATE_FILE"),
        has_demo_codes=environ.get("SANDBOX_DEMO_CODES", "1") != "0",
        mail_host=environ.get("MAILIN_HOST") or "127.0.0.1",
        mail_port=number("MAILIN_PORT", 8025),
        mail_to=environ.get("SANDBOX_MAIL_TO", ""),
        mail_keys_file=path("SANDBOX_MAIL_KEYS_FILE"),
    )
