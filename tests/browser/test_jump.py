"""The jump under the fingers: typed into, walked through, left."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import House, Visitor, axe_findings

pytestmark = pytest.mark.browser


def test_the_jump_is_walked_by_keys(house: House, owner: Visitor) -> None:
    owner.troubles.seen.clear()
    page = owner.new_page()
    try:
        page.goto(f"{house.demo_url}today/")
        box, hits = page.locator("#jump"), page.locator("#jump-hits a")

        # what is typed is found, and the arrows go there and back
        page.keyboard.press("/")
        page.keyboard.type("fern")
        expect(hits.first).to_contain_text("Fernwood Kitchen")
        assert axe_findings(page) == []
        page.keyboard.press("ArrowDown")
        expect(hits.first).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(box).to_be_focused()

        # who types on is back in the box, though letters are keys of this page
        page.keyboard.press("ArrowDown")
        page.keyboard.press("e")
        expect(box).to_be_focused()
        expect(box).to_have_value("ferne")
        expect(page.locator("#jump-hits")).to_contain_text("Nothing found")

        # Escape takes the list away, and keeps what was typed
        page.keyboard.press("Escape")
        expect(page.locator("#jump-hits")).to_be_hidden()
        expect(box).to_have_value("ferne")

        # Enter goes to what has the focus
        page.keyboard.press("Backspace")
        expect(hits.first).to_contain_text("Fernwood Kitchen")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/stores/"))
        assert owner.troubles.seen == []
    finally:
        page.close()
