"""Any moment of a store's rating, as known then and as known now, on the store's page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from scoring.selectors.hindsight import hindsight_of
from scoring.selectors.rows import rows_of
from scoring.services import observations
from stores.models import Enforcement, Notice, Store
from stores.services import violations
from tenants import scope
from tenants.models import Agency, Membership
from tests.factories import make_membership, make_notice
from tests.scoring.told import DAY, NOW, by_clock, give, give_back, old_store, see, take

ClientFor = Callable[[Membership], HttpClient]
LEARNT = "What was recorded after the moment that you look at"


@pytest.fixture
def store(agency: Agency) -> Store:
    return old_store()


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(make_membership())


def shown(browser: HttpClient, store: Store, **query: str) -> str:
    answer = browser.get(f"/stores/{store.pk}/", query)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


# --- then and now --------------------------------------------------------------------------------


def test_a_late_notice_is_known_now_and_was_not_then(browser: HttpClient, store: Store) -> None:
    violation = take(store, -24, ago=9 * DAY, told=2 * DAY)
    at = by_clock(store, NOW - 5 * DAY)

    then = shown(browser, store, at=at, known="then")
    now = shown(browser, store, at=at, known="now")

    assert ", as known then." in then
    assert "Rating then 200" in then
    assert ", as known now." in now
    assert "Rating then 176Unknown 200 − 24" in now
    for text in (then, now):
        assert "1 thing was learnt of it later known then 200, known now 176" in text
        assert f"High late dispatch rate {violation.reference} −24" in text


def test_a_moment_of_which_nothing_was_learnt_later_says_so(
    browser: HttpClient, store: Store
) -> None:
    take(store, -24, ago=9 * DAY)

    text = shown(browser, store, at=by_clock(store, NOW - 5 * DAY))

    assert "known then and known now are the same." in text
    assert LEARNT not in text


def test_ledger_waterfall_and_chart_are_of_the_moment(browser: HttpClient, store: Store) -> None:
    take(store, -24, ago=9 * DAY)
    take(store, -60, ago=2 * DAY)

    answer = browser.get(
        f"/stores/{store.pk}/", {"at": by_clock(store, NOW - 5 * DAY), "known": "then"}
    )
    html = answer.content.decode()
    text = " ".join(strip_tags(html).split())

    assert "200 Start −24 Deductions · 1 176 rating then" in text
    assert "−24, from 200 to 176" in text
    assert "Rating, waterfall, ledger and roll-offs are of that moment" in text
    assert '"label": "' in html
    assert "−60" not in _panel(html, "ledger")


def _panel(html: str, key: str) -> str:
    _before, _sign, rest = html.partition(f'<section class="panel" id="{key}">')
    assert rest, f"There is no panel {key}."
    return rest.partition("</section>")[0]


def test_links_of_the_strip_keep_what_else_was_asked(browser: HttpClient, store: Store) -> None:
    at = by_clock(store, NOW - 5 * DAY)

    answer = browser.get(
        f"/stores/{store.pk}/", {"at": at, "known": "then", "kind": "bonus", "days": "30"}
    )

    html = answer.content.decode()
    assert '<a href="?kind=bonus&amp;days=30">back to now</a>' in html
    quoted = at.replace(":", "%3A")
    assert (
        f'<a href="?at={quoted}&amp;known=now&amp;kind=bonus&amp;days=30">as known now</a>' in html
    )
    assert '<input type="hidden" name="kind" value="bonus">' in html


def test_without_a_moment_there_is_no_strip(browser: HttpClient, store: Store) -> None:
    assert "You look at" not in shown(browser, store, known="then")


def test_the_expected_enforcements_are_those_of_the_moment(
    browser: HttpClient, store: Store
) -> None:
    take(store, -60, ago=20 * DAY)

    during = shown(browser, store, at=by_clock(store, NOW - 18 * DAY))
    after = shown(browser, store, at=by_clock(store, NOW - 5 * DAY))

    assert "Expected in force No new listings" in during
    assert "Expected in force None" in after


def test_before_the_first_rulebook_there_was_no_rating(browser: HttpClient, store: Store) -> None:
    text = shown(browser, store, at="2025-01-01T00:00")

    assert "No rulebook was in force at this moment, so there was no rating." in text


# --- what was learnt -----------------------------------------------------------------------------


def test_everything_that_was_learnt_later_is_listed(store: Store) -> None:
    # given
    at = NOW - 5 * DAY
    give(store, 4, ago=9 * DAY)
    take(store, -24, ago=8 * DAY)
    give_back(24, ago=2 * DAY, reason="mistake")  # dated at its entry's own time
    see(store, 190, ago=7 * DAY, told=3 * DAY)
    notice = make_notice(store=store, trust=Notice.Trust.UNVERIFIED)
    observations.record_platform_rating(
        store=store, value=180, measure="rating", observed_at=NOW - 6 * DAY, source="mail",
        at=NOW - 6 * DAY, by=None, notice=notice,
    )  # fmt: skip
    observations.withdraw_of_notice(notice=notice, at=NOW - DAY)
    violations.record_enforcement(
        store=store, kind=Enforcement.Kind.LISTING_LIMIT, starts_at=NOW - 6 * DAY,
        source="person", at=NOW - timedelta(hours=1), by=None,
    )  # fmt: skip

    # when
    found = hindsight_of(rows_of(store, at=at), NOW)

    # then
    reference = store.violations.get().reference
    assert [(one.label, one.points) for one in found.late] == [
        ("The marketplace shows 190", None),
        (f"High late dispatch rate {reference} given back", 24),
        ("Withdrawn: the marketplace shows 180", None),
        ("No new listings", None),
    ]
    assert found.differs


def test_looking_at_a_moment_asks_no_more_for_more_rows(
    browser: HttpClient, store: Store, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def add(number: int) -> None:
        take(store, -4, ago=(9 + number) * DAY, told=DAY)
        give(store, 4, ago=(9 + number) * DAY)

    query = {"at": by_clock(store, NOW - 5 * DAY), "known": "now"}
    add(0)
    browser.get(f"/stores/{store.pk}/", query)
    with CaptureQueriesContext(connection) as for_one:
        browser.get(f"/stores/{store.pk}/", query)
    add(1)
    add(2)

    with django_assert_num_queries(len(for_one)):
        browser.get(f"/stores/{store.pk}/", query)


# --- what cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"at": "yesterday"}, "Look at: Enter a valid date/time."),
        ({"at": "2099-01-01T00:00"}, "Look at: This moment has not come yet."),
        ({"at": "0001-01-01T00:00"}, "Look at: This date is too far off to be meant."),
        ({"at": "2026-02-31T00:00"}, "Look at: Enter a valid date/time."),
        ({"at": "foo"}, "Look at: Enter a valid date/time."),
        ({"at": "2026-02-30"}, "Look at: Enter a valid date/time."),
        ({"at": "\0"}, "Look at: Enter a valid date/time."),
        ({"known": "perhaps"}, "By what was known: Choose one of the list."),
        ({"from": "x"}, "From: Enter a valid date/time."),
        ({"days": "0"}, "Days: Ensure this value is greater than or equal to 1."),
        (
            {"days": "99999999999999999999"},
            "Days: Ensure this value is less than or equal to 3660.",
        ),
        (
            {"from": "2026-10-02T00:00", "to": "2026-10-01T00:00"},
            "From: This is not before the end.",
        ),
        (
            {"at": "2026-10-01T00:00", "to": "2026-10-02T00:00"},
            "To: This is after the moment that you look at.",
        ),
    ],
)
def test_the_page_names_what_it_cannot_read(
    browser: HttpClient, store: Store, query: dict[str, str], words: str
) -> None:
    take(store, -24, ago=9 * DAY)

    assert words in shown(browser, store, **query)


# --- the ledger ----------------------------------------------------------------------------------


def test_the_ledger_follows_the_sum_and_tells_sources(browser: HttpClient, store: Store) -> None:
    notice = make_notice(store=store)
    violation = take(store, -24, ago=9 * DAY, told=2 * DAY, notice=notice)

    html = browser.get(f"/stores/{store.pk}/").content.decode()
    panel = _panel(html, "ledger")
    text = " ".join(strip_tags(panel).split())

    assert f'href="/violations/{violation.pk}/"' in panel
    assert f'href="/notices/{notice.pk}/"' in panel
    assert "−24 176" in text
    assert "end of the window" in text
    assert "by person, recorded" in text
    assert "late" in text


def test_the_ledger_shows_one_kind_with_its_sum(browser: HttpClient, store: Store) -> None:
    take(store, -24, ago=9 * DAY)
    give(store, 4, ago=8 * DAY)
    give(store, 4, ago=7 * DAY)

    html = browser.get(f"/stores/{store.pk}/", {"kind": "bonus"}).content.decode()
    text = " ".join(strip_tags(_panel(html, "ledger")).split())

    assert "Together +8" in text
    assert "High late dispatch rate" not in text


def test_the_ledger_shows_every_change_the_oldest_folded(browser: HttpClient, store: Store) -> None:
    for number in range(14):
        give(store, 4, ago=(number + 1) * DAY)

    html = browser.get(f"/stores/{store.pk}/", {"ledger": "changes"}).content.decode()

    assert "2 earlier changes" in strip_tags(_panel(html, "ledger"))


def test_a_client_sees_the_sum_and_no_inner_sources(
    agency: Agency, store: Store, client_for: ClientFor
) -> None:
    notice = make_notice(store=store)
    take(store, -24, ago=9 * DAY, notice=notice)
    client = client_for(make_membership("client", all_stores=True))

    panel = _panel(client.get(f"/stores/{store.pk}/").content.decode(), "ledger")

    assert "High late dispatch rate" in panel
    assert str(notice.pk) not in panel
    assert "recorded" not in panel


def test_a_member_without_the_right_sees_no_rating(
    agency: Agency, store: Store, client_for: ClientFor
) -> None:
    member = make_membership("specialist", all_stores=True)
    with scope.public():
        member.role.capabilities = ["stores.view"]
        member.role.save(update_fields=["capabilities"])

    html = client_for(member).get(f"/stores/{store.pk}/", {"at": "x"}).content.decode()

    assert 'id="ledger"' not in html
    assert 'id="moment"' not in html


def test_the_head_of_the_page_carries_the_equation(browser: HttpClient, store: Store) -> None:
    take(store, -24, ago=9 * DAY)
    give(store, 4, ago=8 * DAY)

    assert "200 − 24 + 4" in shown(browser, store)
    assert "No new listings, 7 d" in shown(browser, store)
