"""Getting an agency's stores in: by a list, by their owners' links, and by their mails."""

import csv
import io
import re
from typing import Final
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import House, MakeVisitor, axe_findings, keep
from tests.browser.mailing import deliver, publish_key
from tests.browser.walks import WORKED_OUT, Walk, found_an_agency
from tests.corpus import judging, pack_mails
from tests.corpus.judging import EXPECTED, Verdict
from tests.stores.mailin import confirmations, mails

pytestmark = pytest.mark.browser

STORES: Final = 50
BATCH: Final = 30
# Shops of the simulated marketplace that no other test connects.
OWNED: Final = {
    "Harbor Lane VN": ("VN", "7495000000000000501"),
    "Harbor Lane TH": ("TH", "7495000000000000502"),
    "Harbor Lane PH": ("PH", "7495000000000000503"),
}


def chosen_mails() -> tuple[list[str], list[str], list[str]]:
    """Return mails that are read by themselves, spoofed ones, and some that are for a person."""
    direct = [name for name, said in EXPECTED.items() if said["way"] == "direct"]
    spoofed = [name for name, said in EXPECTED.items() if said["spoofed"]][:4]
    asked = [name for name in direct if not EXPECTED[name]["act"] and name not in spoofed][:4]
    told = [name for name in direct if EXPECTED[name]["act"] and _tells_of_a_store(name)]
    read = [name for name in told if judging.judge(name).verdict is Verdict.READ]
    return read[: BATCH - len(spoofed) - len(asked)], spoofed, asked


def _tells_of_a_store(name: str) -> bool:
    said = EXPECTED[name]
    is_tiktok = said["marketplace"] == "tiktok_shop"
    return is_tiktok and all(notice.get("shop_name") for notice in said["notices"])


def list_of_stores(names: list[str]) -> bytes:
    """Return fifty stores as CSV: those that the mails are about, those with owners, and more."""
    markets = {
        notice["shop_name"]: EXPECTED[name]["market"]
        for name in names
        for notice in EXPECTED[name]["notices"]
    }
    rows = [(shop, market, "Local", "", "Corpus & Co") for shop, market in markets.items()]
    rows += [(shop, market, "Cross-border", pk, "Harbor") for shop, (market, pk) in OWNED.items()]
    rows += [(f"Quiet Corner {at:02}", "SG", "Local", "", "") for at in range(STORES - len(rows))]
    assert len(rows) == STORES
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Store name", "Country", "Seller type", "Shop ID", "Client", "Platform"])
    writer.writerows((*row, "TikTok Shop") for row in rows)
    return out.getvalue().encode("utf-8-sig")


def test_fifty_stores_come_in_and_the_fleet_is_right(
    house: House, new_visitor: MakeVisitor
) -> None:
    read, spoofed, asked = chosen_mails()
    visitor = new_visitor()
    walk = Walk("kim", visitor.new_page(), [])
    mark = uuid4().hex[:6]
    found_an_agency(walk, house, email=f"kim-{mark}@example.com", name=f"Kite {mark}")
    fleet = walk.page.url

    bring_fifty_stores_in(walk, list_of_stores(read))
    for link in links_for_owners(walk, fleet):
        agree(house, new_visitor, link)
    address = forwarding_is_confirmed(walk, house, fleet)
    send_batch(house, address, [*read, *spoofed, *asked])
    the_fleet_is_right(walk, fleet, read, spoofed)

    assert walk.findings == []
    assert visitor.troubles.seen == []
    assert house.log_lines("web", "csp_violation") == []


def bring_fifty_stores_in(walk: Walk, rows: bytes) -> None:
    page = walk.page
    page.goto(f"{page.url}setup/")
    walk.saw("Set-up")
    walk.follow("Bring in a list of stores")
    walk.saw("Bring in a file")
    page.locator("input[type=file]").set_input_files(
        {"name": "stores.csv", "mimeType": "text/csv", "buffer": rows}
    )
    walk.press("Read it")
    walk.saw("stores.csv")
    expect(page.get_by_text("50 new, 0 brought up to date, 0 with nothing new.")).to_be_visible()
    walk.press("Import")
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(page.get_by_text("Imported").first).to_be_visible()
    walk.look()


def links_for_owners(walk: Walk, fleet: str) -> list[str]:
    """Make a link for each store that its owner has to connect; return them as they are copied."""
    page = walk.page
    page.goto(f"{fleet}setup/?q=Harbor+Lane")
    walk.saw("Set-up")
    for store in OWNED:
        page.get_by_label(f"Select {store}").check()
    page.get_by_role("button", name="Links for owners").click()
    walk.saw("Links for the owners of stores")
    page.get_by_role("radio", name=re.compile("copy", re.IGNORECASE)).check()
    walk.press("Make 3 links")
    walk.saw("Your links")
    lines = page.get_by_label("Store and link, by tab").input_value().splitlines()
    return [line.split("\t")[1] for line in lines if line.strip()]


def agree(house: House, new_visitor: MakeVisitor, link: str) -> None:
    """The owner, who has no account here, opens her link and agrees at the marketplace."""
    owner = new_visitor()
    page = owner.new_page()
    page.goto(link)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(re.compile(r"asks to read Harbor Lane (VN|TH|PH)$"))
    store = heading.inner_text().partition("asks to read ")[2]
    assert axe_findings(page) == []
    keep(page, f"consent-{store.split()[-1]}")
    page.get_by_role("button", name="Go on to TikTok Shop").click()
    page.wait_for_url(f"{house.sandbox_url}**")
    page.get_by_role("radio", name=re.compile(store)).check()
    page.get_by_role("button", name="Authorize").click()
    expect(heading).to_have_text(f"{store} is connected", timeout=WORKED_OUT)
    assert owner.troubles.seen == []


def forwarding_is_confirmed(walk: Walk, house: House, fleet: str) -> str:
    """Let Gmail ask for the agency's address, and its code be read; return the address."""
    page = walk.page
    publish_key(house, "google.com")
    page.goto(f"{fleet}settings/mail/forwarding/")
    walk.saw(re.compile("^Forward the agency's mails"))
    address = page.locator("#forward-to").inner_text()
    deliver(house, address, confirmations.signed_gmail())
    live = page.locator("#forwarding-live")
    expect(live).to_contain_text(confirmations.CODE, timeout=WORKED_OUT)
    walk.look()
    return address


def send_batch(house: House, address: str, names: list[str]) -> None:
    """Send the mails as they would come: those of the marketplace with its signature."""
    publish_key(house, "tiktok.com")
    assert len(names) == BATCH
    for name in names:
        raw = (pack_mails.MAILS / name).read_bytes()
        deliver(house, address, raw if EXPECTED[name]["spoofed"] else mails.signed(raw))


def the_fleet_is_right(walk: Walk, fleet: str, read: list[str], spoofed: list[str]) -> None:
    page = walk.page
    page.goto(f"{fleet}notices/?trust=suspicious")
    walk.reload_until(page.get_by_text("Suspicious").nth(len(spoofed) - 1))

    told = [(notice["shop_name"], notice) for name in read for notice in EXPECTED[name]["notices"]]
    breaches = [notice for _shop, notice in told if notice["kind"] in {"violation", "warning"}]
    references = {notice["reference"] for notice in breaches if "reference" in notice}
    nameless = sum("reference" not in notice for notice in breaches)
    page.goto(f"{fleet}violations/")
    for reference in sorted(references):
        walk.reload_until(page.get_by_text(reference))
    expect(page.locator("tbody tr")).to_have_count(len(references) + nameless)
    walk.look()

    page.goto(f"{fleet}?q=Harbor+Lane")
    for store in OWNED:
        expect(page.get_by_role("link", name=store, exact=True)).to_be_visible()
    for shop, notice in told:
        if notice["kind"] == "health_report":
            see_rating(walk, fleet, shop, notice["rating"])
    page.goto(f"{fleet}setup/")
    walk.saw("Set-up")


def see_rating(walk: Walk, fleet: str, shop: str, rating: int) -> None:
    """The store's page says what the marketplace showed, however old that is by now."""
    walk.page.goto(f"{fleet}?q={shop.split(maxsplit=1)[0]}")
    walk.page.get_by_role("link", name=shop, exact=True).first.click()
    walk.saw(shop)
    expect(walk.fact("Marketplace shows")).to_contain_text(str(rating))
