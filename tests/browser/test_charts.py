"""The charts of a store's page for who walks them by keys, or reads them as tables."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import House, Visitor, axe_findings
from tests.browser.walks import WORKED_OUT

pytestmark = pytest.mark.browser


def _open(house: House, owner: Visitor) -> Page:
    owner.troubles.seen.clear()
    page = owner.new_page()
    page.goto(house.demo_url)
    page.get_by_role("link", name="Fernwood Kitchen").first.click()
    page.wait_for_url("**/stores/**")
    # A store that is read for the first time shows its page anew when that is done.
    expect(page.locator("#sync")).to_have_count(0, timeout=WORKED_OUT)
    expect(page.locator("#rating-chart canvas")).to_be_visible()
    return page


def _read_aloud(page: Page, chart: str) -> Locator:
    return page.locator(f".plot:has(#{chart}) [data-chart-live]")


def test_the_keys_walk_from_value_to_value(house: House, owner: Visitor) -> None:
    page = _open(house, owner)
    try:
        chart, said = page.locator("#rating-chart"), _read_aloud(page, "rating-chart")

        # the chart is reached by keys, and its ends by one key each
        chart.focus()
        page.keyboard.press("End")
        expect(said).to_contain_text("As it would go on")
        page.keyboard.press("Home")
        expect(said).to_contain_text("Ours 200")
        first = said.inner_text()

        # the arrows go on and back, and stop at the ends
        page.keyboard.press("ArrowRight")
        expect(said).not_to_have_text(first)
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(said).to_have_text(first)

        # who leaves hears nothing more
        page.keyboard.press("Escape")
        expect(said).to_have_text("")

        # less is walked through where less is in sight
        page.get_by_role("button", name="30 d", exact=True).click()
        expect(page.get_by_role("button", name="30 d", exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
        chart.focus()
        page.keyboard.press("Home")
        expect(said).not_to_have_text(first)
        assert owner.troubles.seen == []
    finally:
        page.close()


def test_the_waterfall_is_read_bar_by_bar(house: House, owner: Visitor) -> None:
    page = _open(house, owner)
    try:
        page.goto(f"{page.url}?days=90")
        expect(page.locator("#waterfall-chart canvas")).to_be_visible()
        said = _read_aloud(page, "waterfall-chart")

        page.locator("#waterfall-chart").focus()
        page.keyboard.press("End")
        last = said.inner_text()
        page.keyboard.press("ArrowUp")

        now = last.rpartition(": ")[2]
        expect(said).to_have_text(re.compile(rf"^Counterfeit product \d+: −24, \d+ → {now}$"))
        assert owner.troubles.seen == []
    finally:
        page.close()


def test_the_same_stands_in_a_table(house: House, owner: Visitor) -> None:
    page = _open(house, owner)
    try:
        plot = page.locator(".plot:has(#rating-chart)")
        table = plot.get_by_role("table")
        expect(table).to_be_hidden()

        plot.get_by_role("button", name="Show as a table").click()

        expect(plot.locator("#rating-chart")).to_be_hidden()
        heads = table.get_by_role("columnheader")
        expect(heads).to_have_text(["Day", "Event", "Points", "Rating"])
        row = table.get_by_role("row", name="Counterfeit product").first
        expect(row.get_by_role("cell").nth(2)).to_have_text("−24")
        assert axe_findings(page) == []

        plot.get_by_role("button", name="Show as a chart").click()
        expect(plot.locator("#rating-chart")).to_be_visible()
        assert axe_findings(page) == []
        assert owner.troubles.seen == []
    finally:
        page.close()
