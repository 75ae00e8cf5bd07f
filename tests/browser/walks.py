"""How a person walks through the product: what she sees and presses, and how she gets in."""

import re
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Error, Locator, Page, expect

from tests.browser.conftest import House, axe_findings, keep

PASSWORD: Final = "Correct-horse-7-battery"
WORKED_OUT: Final = 60_000  # ms: a worker has taken it up, also on a machine that is busy


@dataclass
class Walk:
    """One person on her way: her page, and what axe-core found on the pages she saw."""

    name: str
    page: Page
    findings: list[str]
    steps: int = 0

    def saw(self, heading: str | re.Pattern[str]) -> None:
        """She sees a page of this heading; it is looked at for accessibility too."""
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        self.look()

    def look(self) -> None:
        self.findings += axe_findings(self.page)
        self.steps += 1
        keep(self.page, f"walk-{self.name}-{self.steps:02d}")

    def fill(self, **answers: str) -> None:
        for label, answer in answers.items():
            self.page.get_by_label(label.replace("_", " ")).fill(answer)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def panel(self, title: str) -> Locator:
        heading = self.page.get_by_role("heading", name=title, exact=True)
        return self.page.locator(".panel").filter(has=heading)

    def fact(self, label: str) -> Locator:
        """Return the value beside ``label`` at the head of the page."""
        term = self.page.locator("dt", has_text=re.compile(rf"^\s*{label}\s*$")).first
        return term.locator("xpath=following-sibling::dd[1]")

    def reload_until(self, shown: Locator) -> None:
        """Look again until a worker's result is on the page."""
        for _ in range(60):
            if shown.first.is_visible():
                return
            self.page.wait_for_timeout(500)
            try:
                self.page.reload()
            except Error as error:
                if "ERR_ABORTED" not in error.message:  # the page may go on by itself just then
                    raise
        expect(shown.first).to_be_visible()


def found_an_agency(walk: Walk, house: House, *, email: str, name: str) -> None:
    page = walk.page
    page.goto(house.public_url)
    walk.saw("Every store's account health, and why it stands there")
    walk.follow("Create your agency")
    walk.saw("Create your agency")
    register(walk, house, email)

    walk.saw("Create your agency")
    walk.fill(Agency_name=name)
    walk.press("Create agency")
    slug = name.lower().replace(" ", "-")
    page.wait_for_url(f"http://{slug}.{house.public_host}/**", timeout=WORKED_OUT)
    walk.saw("Fleet")
    expect(page.get_by_text("Add your first store")).to_be_visible()


def register(walk: Walk, house: House, email: str) -> None:
    """Give address and password, and confirm by the link in the mail."""
    walk.page.locator("input[type=email]").fill(email)
    walk.page.locator("input[type=password]").fill(PASSWORD)
    walk.press("Go on")
    walk.saw("Look into your mailbox")
    open_mail(walk, house, to=email, subject=re.compile("confirm", re.IGNORECASE))
    walk.page.locator("a[href*='/confirm-email/']").click()
    walk.saw("Confirm your e-mail")
    expect(walk.page.get_by_text(email)).to_be_visible()
    walk.press("Yes, confirm")


def open_mail(walk: Walk, house: House, *, to: str, subject: re.Pattern[str]) -> None:
    walk.page.goto(f"{house.public_url}dev/mail/")
    walk.saw("Sent mails")
    row = walk.page.locator("li").filter(has_text=to)
    row.get_by_role("link", name=subject).first.click()
