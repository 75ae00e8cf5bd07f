"""Today under the fingers, where the browser itself leaves marks on the page."""

from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import House, Visitor

pytestmark = pytest.mark.browser
_DRAW_LARGER: Final = """
() => {
  for (const field of document.querySelectorAll("#detail [id]")) field.style.maxWidth = "90rem";
}
"""


def test_a_field_that_was_drawn_larger_is_swapped_without_a_refusal(
    house: House, owner: Visitor
) -> None:
    owner.troubles.seen.clear()
    page = owner.new_page()
    try:
        # given fields that browsers, extensions or a resize handle have written a style on
        page.goto(f"{house.demo_url}today/")
        page.locator("a.check__body", has_text="Balance").first.click()
        expect(page.locator("#detail [name=value]")).to_be_visible()
        page.locator("#detail [name=note]").first.fill("Two are late")
        page.evaluate(_DRAW_LARGER)

        # when an answer without its value comes back with the same fields
        page.locator("#detail button[value=fail]").first.click()

        # then
        expect(page.locator("#detail [role=alert]")).to_be_visible()
        page.wait_for_timeout(200)  # the browser tells of a refusal a little later
        assert owner.troubles.seen == []
    finally:
        page.close()
