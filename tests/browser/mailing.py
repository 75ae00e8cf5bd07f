"""Mails to the running product, signed by keys that it is told to know."""

import json
import smtplib
from typing import Any

from tests.browser.conftest import House
from tests.stores.mailin import mails


def publish_key(house: House, domain: str) -> None:
    """Let the running product find the key by which ``domain`` signs here."""
    path = house.run_dir / "sandbox-mail-keys.json"
    name = f"{mails.SELECTOR}._domainkey.{domain}"
    key = (mails.published(name, 1.0) or b"").decode()
    known: dict[str, Any] = json.loads(path.read_text())
    path.write_text(json.dumps(known | {name: key}))


def deliver(house: House, address: str, raw: bytes) -> None:
    with smtplib.SMTP(*house.mail_server, timeout=10) as client:
        client.sendmail("bounce@provider.example", [address], raw)
