"""What moved a rating: in a sentence, as a chart, on the store's page and by API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client as HttpClient

from scoring.selectors.explain import explain
from scoring.selectors.falls import MOST_BARS, Fall, fall_of
from scoring.selectors.rows import rows_of
from stores.models import Store
from tenants import scope
from tenants.models import Agency, Membership
from tests.api.calls import Api, codes, make_api_key
from tests.factories import make_membership, make_store
from tests.scoring.told import DAY, NOW, by_clock, give, give_back, old_store, see, take

ClientFor = Callable[[Membership], HttpClient]


@pytest.fixture
def store(agency: Agency) -> Store:
    return old_store()


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def way(store: Store, days: float) -> Fall:
    return fall_of(rows_of(store, at=NOW), start=NOW - days * DAY, end=NOW)


def named(fall: Fall) -> list[tuple[str, int]]:
    return [(bar.label, bar.points) for bar in fall.bars]


def test_each_cause_is_named_with_its_reference(store: Store) -> None:
    violation = take(store, -24, ago=3 * DAY)
    give(store, 4, ago=2 * DAY)
    give_back(10, ago=DAY)

    found = way(store, 7)

    late = f"High late dispatch rate {violation.reference}"
    assert named(found) == [
        (late, -24),
        ("Quiz passed", 4),
        (f"High late dispatch rate given back {violation.reference}", 10),
    ]
    assert found.why == (
        "In the last 7 days −10, from 200 to 190: "
        f"{late} −24, High late dispatch rate given back {violation.reference} +10, Quiz passed +4."
    )


def test_many_causes_are_counted_beyond_the_largest(store: Store) -> None:
    for number in range(4):
        give(store, 4, ago=(number + 1) * DAY / 8)
    violation = take(store, -24, ago=DAY / 2)

    assert way(store, 1).why == (
        "Since yesterday −8, from 200 to 192: "
        f"High late dispatch rate {violation.reference} −24, Quiz passed +4, 3 others +12."
    )


def test_what_cancels_out_is_told_as_no_change_in_all(store: Store) -> None:
    give(store, 4, ago=DAY / 2)
    violation = take(store, -4, ago=DAY / 4)

    assert way(store, 1).why == (
        "Since yesterday: no change in all, "
        f"Quiz passed +4, High late dispatch rate {violation.reference} −4."
    )


def test_what_was_recorded_late_is_told_as_such(store: Store) -> None:
    take(store, -24, ago=9 * DAY, told=DAY / 2)

    found = way(store, 1)

    assert found.why == "Since yesterday −24, from 200 to 176: Recorded later, of days before −24."


def test_a_store_that_is_new_with_us_is_told_by_what_is_known(agency: Agency) -> None:
    store = make_store(created_at=NOW)
    take(store, -24, ago=9 * DAY, told=timedelta())

    assert way(store, 1).why == "Since yesterday: no change."


def test_the_scales_end_is_a_cause_of_its_own(store: Store) -> None:
    take(store, -150, ago=DAY / 2)
    take(store, -90, ago=DAY / 3)

    assert named(way(store, 1))[-1] == ("The end of the scale", 40)


def test_the_small_ones_of_very_many_are_one_bar(store: Store) -> None:
    for number in range(MOST_BARS + 3):
        give(store, number + 1, ago=DAY / 2)

    bars = way(store, 1).bars

    assert len(bars) == MOST_BARS
    assert (bars[-1].label, bars[-1].points) == ("4 smaller ones", 10)
    assert bars[-1].end == 200 + sum(range(1, MOST_BARS + 4))


def test_chart_and_table_tell_the_same(store: Store) -> None:
    violation = take(store, -24, ago=3 * DAY)

    chart = way(store, 7).chart

    assert chart is not None
    assert [(bar["kind"], bar["from"], bar["to"]) for bar in chart.data["bars"]] == [
        ("total", 200, 200),
        ("change", 200, 176),
        ("total", 176, 176),
    ]
    rows = [[cell.text for cell in row[1:]] for row in chart.table.rows]
    assert rows == [
        ["At first", "", "200"],
        [f"High late dispatch rate {violation.reference}", "−24", "176"],
        ["In the end", "", "176"],
    ]
    assert chart.table.rows[1][1].href == f"/violations/{violation.pk}/"


def test_before_the_first_rulebook_there_is_nothing_to_compare(store: Store) -> None:
    found = fall_of(rows_of(store, at=NOW), start=datetime(2025, 1, 1, tzinfo=UTC), end=NOW)

    assert found.chart is None
    assert found.why.endswith(": no figures to compare.")


def test_yesterdays_change_comes_first_in_the_summary(store: Store) -> None:
    take(store, -24, ago=5 * DAY)
    see(store, 176, ago=timedelta(hours=2))
    assert explain(store, at=NOW).summary.startswith("176 now. In the last 7 days −24")

    take(store, -8, ago=timedelta(hours=1))
    assert explain(store, at=NOW).summary.startswith("168 now. Since yesterday −8")


# --- the store's page ----------------------------------------------------------------------------


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(make_membership())


def page(browser: HttpClient, store: Store, **query: str) -> str:
    answer = browser.get(f"/stores/{store.pk}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_the_stretch_that_is_asked_for(browser: HttpClient, store: Store) -> None:
    take(store, -24, ago=20 * DAY)

    week = page(browser, store)
    month = page(browser, store, days="30", kind="bonus")

    assert "In the last 7 days: no change." in week
    assert "In the last 30 days −24, from 200 to 176" in month
    assert 'href="?days=7&amp;kind=bonus#waterfall"' in month


def test_the_page_takes_two_moments_by_the_stores_clock(browser: HttpClient, store: Store) -> None:
    take(store, -24, ago=20 * DAY)
    give(store, 4, ago=2 * DAY)

    shown = page(
        browser,
        store,
        **{"from": by_clock(store, NOW - 30 * DAY), "to": by_clock(store, NOW - 10 * DAY)},
    )

    assert "−24, from 200 to 176" in shown


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param({}, "It begins at what was known then", id="now"),
        pytest.param({"known": "then"}, "It begins at what was known then", id="known_then"),
        pytest.param({"known": "now"}, "Both values are by what was known on", id="known_now"),
    ],
)
def test_the_page_says_by_what_was_known_it_begins(
    browser: HttpClient, store: Store, query: dict[str, str], words: str
) -> None:
    take(store, -24, ago=9 * DAY, told=DAY)
    at = {"at": by_clock(store, NOW - DAY / 2)} if query else {}

    assert words in page(browser, store, **at, **query)


# --- API -----------------------------------------------------------------------------------------


def test_the_api_tells_bars_that_sum_to_the_difference(store: Store, api: Api) -> None:
    take(store, -150, ago=3 * DAY)
    violation = take(store, -90, ago=2 * DAY)

    status, body = api.get(
        f"stores/{store.pk}/waterfall/",
        **{"from": (NOW - 7 * DAY).isoformat(), "to": NOW.isoformat()},
    )

    assert status == 200
    assert (body["measure"], body["before"], body["after"], body["change"]) == (
        "rating", 200, 0, -200,
    )  # fmt: skip
    assert [(bar["kind"], bar["points"]) for bar in body["bars"]] == [
        ("started", -150),
        ("started", -90),
        ("clamp", 40),
    ]
    assert body["bars"][1]["violation"] == str(violation.pk)


def test_the_api_begins_where_the_page_does_if_it_is_asked_to(store: Store, api: Api) -> None:
    # given a deduction of nine days ago that was told yesterday
    take(store, -24, ago=9 * DAY, told=DAY)
    start = (NOW - 7 * DAY).isoformat()

    # when
    known_now = api.get(f"stores/{store.pk}/waterfall/", **{"from": start})[1]
    known_then = api.get(f"stores/{store.pk}/waterfall/", **{"from": start}, known_before=start)[1]

    # then
    assert (known_now["before"], known_now["after"], known_now["bars"]) == (176, 176, [])
    assert (known_then["before"], known_then["after"]) == (200, 176)
    assert [(bar["kind"], bar["points"]) for bar in known_then["bars"]] == [("learnt", -24)]
    assert known_now["known_before"] == known_now["known_at"]
    assert datetime.fromisoformat(known_then["known_before"]) == NOW - 7 * DAY


def test_the_api_explains_each_addend(store: Store, api: Api) -> None:
    violation = take(store, -24, ago=3 * DAY, told=DAY)
    reversal = give_back(10, ago=timedelta())

    status, body = api.get(f"stores/{store.pk}/explanation/")

    assert status == 200
    assert (body["rating"], body["clamp"], body["rulebook"]) == (
        186, 0, "tiktok_shop/US/local/2025-10-14",
    )  # fmt: skip
    assert [(term["points"], term["entries"]) for term in body["terms"]] == [
        (200, None),
        (-24, 1),
        (10, 1),
    ]
    start, entry = body["entries"]
    assert (start["kind"], start["sum"]) == ("start", 200)
    assert (entry["points"], entry["stated_points"], entry["sum"]) == (-14, -24, 186)
    assert (entry["violation"], entry["expires_by"]) == (str(violation.pk), "window")
    assert entry["reversals"] == [{"entry": str(reversal.pk), "points": 10, "reason": "granted"}]


def test_the_api_explains_what_was_known_then(store: Store, api: Api) -> None:
    take(store, -24, ago=9 * DAY, told=2 * DAY)
    at = (NOW - 5 * DAY).isoformat()

    then = api.get(f"stores/{store.pk}/explanation/", at=at, known_at=at)[1]
    now = api.get(f"stores/{store.pk}/explanation/", at=at)[1]

    assert (then["rating"], now["rating"]) == (200, 176)


@pytest.mark.parametrize(
    ("path", "query", "errors"),
    [
        ("waterfall", {"from": "yesterday"}, [("invalid", "from")]),
        ("waterfall", {"from": "2026-11-01T00:00:00"}, [("no_offset", "from")]),
        (
            "waterfall",
            {"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"},
            [("not_before", "from")],
        ),
        ("waterfall", {"from": "2099-11-01T00:00:00Z"}, [("in_the_future", "from")]),
        (
            "waterfall",
            {"known_before": "2099-11-01T00:00:00Z"},
            [("in_the_future", "known_before")],
        ),
        (
            "waterfall",
            {"known_at": "2026-11-01T00:00:00Z", "known_before": "2026-11-02T00:00:00Z"},
            [("not_before", "known_before")],
        ),
        ("explanation", {"at": "2099-11-01T00:00:00Z"}, [("in_the_future", "at")]),
        ("explanation", {"known_at": "0001-01-01T00:00:00Z"}, [("far_off", "known_at")]),
    ],
)
def test_the_api_refuses_moments_by_name(
    store: Store, api: Api, path: str, query: dict[str, str], errors: list[tuple[str, str]]
) -> None:
    status, body = api.get(f"stores/{store.pk}/{path}/", **query)

    assert (status, codes(body)) == (400, errors)


@pytest.mark.parametrize("path", ["explanation/", "waterfall/"])
def test_another_agencys_store_is_not_found(
    api: Api, agency: Agency, other_agency: Agency, path: str
) -> None:
    with scope.agency(other_agency):
        theirs = make_store()
    hidden, listed = make_store(), make_store()
    narrow = Api(make_api_key(agency, store_ids=[listed.pk]), agency)

    assert api.get(f"stores/{theirs.pk}/{path}")[0] == 404
    assert narrow.get(f"stores/{hidden.pk}/{path}")[0] == 404
    assert narrow.get(f"stores/{listed.pk}/{path}")[0] == 200
