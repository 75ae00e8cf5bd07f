"""The main job, end to end, in the words that the person sees.

Sign up, bring a store in, see its rating and why, tick a check, win an appeal.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, MakeVisitor, send_notice
from tests.browser.walks import Walk, found_an_agency, open_mail, register

pytestmark = pytest.mark.browser

SHOP_ID: Final = "7495000000000000104"
SHOP: Final = "Juniper Street Goods"
GROUNDS: Final = (
    "The carrier's scans show that all four orders were handed over before the deadline. "
    "The report counts the day of the carrier's outage, which your notice of 3 November excludes."
)


def test_from_sign_up_to_points_restored(house: House, new_visitor: MakeVisitor) -> None:
    mark = uuid4().hex[:6]
    visitor = new_visitor()
    walk = Walk("ana", visitor.new_page(), [])

    found_an_agency(walk, house, email=f"ana-{mark}@example.com", name=f"Lantern {mark}")
    address = bring_a_store_in(walk, house)
    see_the_rating_and_why(walk, house, address)
    spoofed_mail_changes_nothing(walk, house, address)
    import_a_file_with_a_bad_row(walk)
    tick_a_check(walk)

    second = new_visitor()
    reviewer = Walk("ben", second.new_page(), walk.findings)
    invite(walk, house, reviewer, email=f"ben-{mark}@example.com")
    win_the_appeal(walk, reviewer)

    assert walk.findings == []
    assert visitor.troubles.seen + second.troubles.seen == []
    assert house.log_lines("web", "csp_violation") == []


def zone_where_it_is_noon() -> str:
    """Return a zone in whose working day we are, so that checks are due whenever this runs."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def bring_a_store_in(walk: Walk, house: House) -> str:
    """Add and connect the store; return the address that takes its notices."""
    page = walk.page
    walk.follow("Add a store")
    walk.saw("Add your first store")
    walk.fill(Name="Juniper Street")
    page.get_by_label("Market", exact=True).select_option(label="United States")
    walk.fill(Time_zone=zone_where_it_is_noon())
    walk.press("Add the store")
    expect(page.get_by_text("Juniper Street was added.")).to_be_visible()
    walk.saw("Juniper Street")
    walk.follow("Connect the store")
    walk.saw("Connect with TikTok Shop")
    walk.press("Go to the marketplace")

    page.wait_for_url(f"{house.sandbox_url}**")
    page.get_by_role("radio", name=re.compile(SHOP)).check()
    walk.press("Authorize")

    walk.saw("Juniper Street")
    expect(page.get_by_role("progressbar").or_(page.get_by_text(SHOP)).first).to_be_visible()
    walk.reload_until(walk.panel("Connection").get_by_text(SHOP, exact=True))
    walk.reload_until(walk.panel("Connection").get_by_text("just now"))
    expect(page.get_by_text("First sync")).to_have_count(0)
    return page.locator("#store-mail-address").inner_text()


def see_the_rating_and_why(walk: Walk, house: House, address: str) -> None:
    page = walk.page
    store = page.url
    send_notice(house, SHOP_ID, address, kind="health", variant="1", rating=196)
    page.goto(store)
    walk.reload_until(page.get_by_text("confirmed by the marketplace"))
    expect(walk.fact("Rating")).to_have_text(re.compile(r"\b196\b"))
    expect(walk.fact("Marketplace shows")).to_have_text("196")

    send_notice(
        house,
        SHOP_ID,
        address,
        kind="violation",
        variant="1",
        points=8,
        rating=188,
        reason="High late dispatch rate",
        reference="5764614130387001",
        subject="Order 576461413038785752",
    )
    page.goto(store)
    ledger = walk.panel("Ledger")
    walk.reload_until(ledger.get_by_role("link", name="5764614130387001"))
    row = ledger.get_by_role("row").filter(has_text="5764614130387001")
    expect(row).to_contain_text("−8")
    expect(row).to_contain_text("188")
    expect(walk.fact("Rating")).to_have_text(re.compile(r"\b188\b"))
    walk.saw("Juniper Street")


def spoofed_mail_changes_nothing(walk: Walk, house: House, address: str) -> None:
    page = walk.page
    store = page.url
    send_notice(
        house,
        SHOP_ID,
        address,
        kind="violation",
        variant="2",
        points=48,
        rating=12,
        reference="6600000000000002",
        signature="other_domain",
    )
    notices = walk.panel("Notices")
    walk.reload_until(notices.get_by_text("suspicious", exact=False))
    expect(walk.panel("Ledger").get_by_text("6600000000000002")).to_have_count(0)
    notices.get_by_role("listitem").filter(
        has_text=re.compile("suspicious", re.IGNORECASE)
    ).get_by_role("link").first.click()
    expect(page.get_by_text("Not believed.")).to_be_visible()
    walk.look()
    page.goto(store)


def import_a_file_with_a_bad_row(walk: Walk) -> None:
    """Nothing of a file is written while one row is wrong; mended, all of it is."""
    page = walk.page
    store = page.url
    day = datetime.now(UTC).date() - timedelta(days=30)
    rows = (
        f"7000000000000011,Counterfeit,-4,{day}\r\n7000000000000012,Wrong category,{{}},{day}\r\n"
    )
    walk.panel("Violations").get_by_role("link", name="All").click()
    walk.saw("Violations")
    walk.follow("From a file")
    walk.saw("Bring in a file")
    hand_in(page, f"Reference,Rule,Points,When\r\n{rows.format('many')}")
    walk.saw("november.csv")
    say_which_column_tells_when(walk)
    expect(walk.panel("What to mend").get_by_role("listitem")).to_have_text(
        re.compile(r"3.*Points.*many", re.DOTALL)
    )
    expect(page.get_by_role("button", name="Import", exact=True)).to_have_count(0)

    walk.follow("Files")
    hand_in(page, f"Reference,Rule,Points,When\r\n{rows.format('-2')}")
    # What the columns hold was said once, and is remembered.
    expect(page.get_by_text("2 new, 0 brought up to date, 0 with nothing new.")).to_be_visible()
    walk.press("Import")
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(page.get_by_text("Imported.").first).to_be_visible()
    walk.look()

    page.goto(store)
    for reference in ("7000000000000011", "7000000000000012"):
        expect(walk.panel("Violations").get_by_text(reference)).to_be_visible()


def hand_in(page: Page, rows: str) -> None:
    page.get_by_label("What it holds").select_option(label="Violations")
    page.get_by_label("Store", exact=True).select_option(label="Juniper Street")
    page.locator("input[type=file]").set_input_files(
        {"name": "november.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.get_by_role("button", name="Read it").click()


def say_which_column_tells_when(walk: Walk) -> None:
    expect(walk.page.get_by_text("Say below which column holds: Reported.")).to_be_visible()
    chosen = walk.page.get_by_label("Reported", exact=True)
    option = chosen.locator("option", has_text="When (")
    chosen.select_option(option.get_attribute("value"))
    walk.press("Look it over")


def tick_a_check(walk: Walk) -> None:
    page = walk.page
    page.get_by_role("navigation").get_by_role("link", name="Today").first.click()
    walk.saw("Today")
    done = page.locator("#quarter-done")
    before = int(done.locator("b").inner_text())
    check = page.get_by_role("listitem").filter(has_text="Account security").first
    check.get_by_role("button", name="Account security").click()
    expect(done.locator("b")).to_have_text(str(before + 1))
    expect(page.get_by_role("button", name="Take back Account security")).to_be_visible()
    walk.look()


def invite(walk: Walk, house: House, reviewer: Walk, *, email: str) -> None:
    """Invite a colleague; she joins from the mail, in a browser of her own."""
    page = walk.page
    walk.follow("People")
    walk.saw("People")
    walk.follow("Invite")
    walk.saw("Invite somebody")
    walk.fill(**{"E-mail": email})
    page.get_by_label("Role").select_option(label="Lead")
    page.get_by_role("radio", name="All stores").check()
    walk.press("Send the invitation")
    walk.saw("People")
    expect(page.get_by_text(f"{email} is invited")).to_be_visible()

    open_mail(reviewer, house, to=email, subject=re.compile("."))
    reviewer.page.locator("a[href*='/join/']").click()
    reviewer.saw(re.compile("^Join Lantern"))
    reviewer.follow("I am new here")
    reviewer.saw("Make your account")
    register(reviewer, house, email)
    reviewer.saw(re.compile("^Join Lantern"))
    reviewer.press("Join")
    reviewer.saw("Fleet")
    expect(reviewer.page.get_by_text("Juniper Street", exact=True)).to_be_visible()


def win_the_appeal(walk: Walk, reviewer: Walk) -> None:
    page = walk.page
    page.get_by_role("navigation").get_by_role("link", name="Fleet").first.click()
    walk.follow("Juniper Street")
    walk.saw("Juniper Street")
    store = page.url
    reported = walk.panel("Violations").get_by_role("row").filter(has_text="5764614130387001")
    reported.get_by_role("link").first.click()
    walk.saw("High late dispatch rate")
    walk.press("Appeal")
    walk.saw(re.compile("late dispatch", re.IGNORECASE))
    page.get_by_label("Grounds").fill(GROUNDS)
    walk.press("Save and ask for review")
    expect(page.get_by_role("button", name="Approve for filing")).to_be_visible()
    walk.look()
    case = page.url

    reviewer.page.goto(case)
    expect(reviewer.page.get_by_text(GROUNDS)).to_be_visible()
    reviewer.press("Approve for filing")
    reviewer.look()

    page.goto(case)
    walk.press("File")
    expect(page.get_by_role("dialog")).to_contain_text(GROUNDS)
    walk.press("It is sent: file it")
    expect(page.get_by_text("Waits for the marketplace.")).to_be_visible()
    walk.press("Granted")
    page.get_by_role("dialog").get_by_role("button", name="Granted").click()
    expect(page.get_by_text("8 points given back")).to_be_visible()
    walk.look()

    page.goto(store)
    expect(walk.fact("Rating")).to_have_text(re.compile(r"\b196\b"))
    row = walk.panel("Ledger").get_by_role("row").filter(has_text="+8")
    expect(row.first).to_contain_text("5764614130387001")
    walk.saw("Juniper Street")
