"""A mailbox's forwarding, set up as a person does it while her provider and her mailbox act."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, House, Visitor, axe_findings, keep
from tests.browser.mailing import deliver, publish_key
from tests.stores.mailin import confirmations as texts

pytestmark = pytest.mark.browser
WITHIN = 30_000  # ms: mail-in, dispatcher, worker, and the page that asks every few seconds


def sent_to(house: House, mailbox: str, *, within: float = 30.0) -> bytes:
    """Return the mail that the product has sent to ``mailbox``."""
    give_up_at = time.monotonic() + within
    while time.monotonic() < give_up_at:
        for path in sorted(Path(house.run_dir / "outbox").glob("*.log")):
            raw = path.read_bytes()
            if mailbox.encode() in raw and b"[SW-" in raw:
                return raw.split(b"\n-----")[0]
        time.sleep(0.2)
    raise AssertionError(f"No mail was sent to {mailbox}.")


def test_forwarding_is_confirmed_by_its_code_and_proven_by_a_test_mail(
    house: House, owner: Visitor
) -> None:
    publish_key(house, "google.com")
    owner.troubles.seen.clear()
    page = owner.new_page()
    try:
        # given the page of one store's address
        page.goto(f"{house.demo_url}settings/mail/")
        page.get_by_role("link", name=re.compile("^Set up Malee Beauty")).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Malee Beauty")
        address = page.locator("#forward-to").inner_text()
        live = page.locator("#forwarding-live")
        expect(live).to_contain_text("Nothing yet")

        # when Gmail asks, and somebody else pretends to, both show up by themselves
        deliver(house, address, texts.signed_gmail())
        expect(live).to_contain_text(texts.CODE, timeout=WITHIN)
        expect(live.get_by_role("link", name=texts.LINK)).to_have_attribute(
            "rel", "noreferrer noopener"
        )
        deliver(house, address, texts.gmail(sender="forwarding-noreply@g00gle.com"))
        expect(live).to_contain_text("Suspicious", timeout=WITHIN)
        assert axe_findings(page) == []
        keep(page, "forwarding-1440-light")

        # and when a test mail is sent and the mailbox passes it on, it is seen to come back
        page.get_by_label("Mailbox that forwards").fill(texts.MAILBOX)
        page.get_by_role("button", name="Send a test mail").click()
        expect(live).to_contain_text("Under way")
        deliver(house, address, sent_to(house, texts.MAILBOX))
        expect(live).to_contain_text(
            re.compile(r"It came back after \d+ seconds?\."), timeout=WITHIN
        )

        # then the mailbox is confirmed, its code is gone, and the store's mail flows
        expect(live).to_contain_text("Mail has come through")
        expect(live).not_to_contain_text(texts.CODE)
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        keep(page, "forwarding-390-light")
        page.goto(f"{house.demo_url}settings/mail/")
        row = page.get_by_role("row").filter(has_text="Malee Beauty")
        expect(row).to_contain_text("Mail comes")
        assert owner.troubles.seen == []
    finally:
        page.close()
