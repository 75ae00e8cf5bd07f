"""The weeks to come by API: forecast, what-if and roll-offs."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from scoring.models import LedgerEntry
from stores.models import Store
from tenants import scope
from tenants.models import Agency
from tests.api.calls import Api, codes, make_api_key
from tests.factories import make_store
from tests.scoring.test_foresee import DAY, NOW, pend, seen, take


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency, "read"), agency)


@pytest.fixture
def store(agency: Agency) -> Store:
    return seen(make_store(market="US"))


def on(days: int) -> str:
    return (NOW + days * DAY).isoformat()


def test_the_forecast_tells_its_range_and_what_it_rests_on(store: Store, api: Api) -> None:
    entry = take(store, -12, ago=175 * DAY)
    pending = pend(store)

    status, body = api.get(f"stores/{store.pk}/forecast/")

    assert status == 200
    told = [tuple(point[name] for name in ("rating", "low", "high")) for point in body["series"]]
    assert told == [(188, 188, 188), (188, 180, 188), (200, 192, 200)]
    assert body["series"][0].keys() == {"on", "rating", "low", "likely", "high", "band"}
    milestone = next(each for each in body["milestones"] if each["code"] == "rating_150")
    assert (milestone["distance"], milestone["is_over"], milestone["worst"]["falls_at"]) == (
        38,
        True,
        None,
    )
    assert [each["points"] for each in body["expiries"]] == [12]
    assert [(each["violation"], each["points_range"]) for each in body["pending"]] == [
        (str(pending.pk), [8, 8])
    ]
    assert (body["days"], body["orders_per_week"], entry.points) == (90, None, -12)


def test_the_forecast_looks_as_far_ahead_as_asked(store: Store, api: Api) -> None:
    take(store, -12, ago=175 * DAY)

    assert len(api.get(f"stores/{store.pk}/forecast/", days=3)[1]["series"]) == 1
    for days in ("0", "181", "x"):
        status, body = api.get(f"stores/{store.pk}/forecast/", days=days)
        assert (status, [name for _, name in codes(body)]) == (400, ["days"])


def test_a_what_if_tells_both_courses_and_saves_nothing(store: Store, api: Api) -> None:
    # given
    violation = take(store, -24)
    events = [
        {"kind": "granted", "violation": violation.reference, "at": on(9)},
        {"kind": "deduction", "points": 40, "at": on(2)},
        {"kind": "quiz", "points": 4, "on": (NOW + 5 * DAY).date().isoformat()},
    ]

    # when a key that may only read asks
    status, body = api.post(f"stores/{store.pk}/what-if/", {"events": events})

    # then
    assert status == 200
    assert [(event["kind"], event["points"]) for event in body["events"]] == [
        ("granted", 24),
        ("deduction", -40),
        ("quiz", 4),
    ]
    told = [(point["rating"], point["what_if"]) for point in body["series"]]
    assert told == [(176, 176), (176, 136), (176, 140), (176, 164)]
    assert body["as_it_stands"]["fired"] == []
    assert [each["code"] for each in body["what_if"]["fired"]] == ["rating_150"]
    assert body["what_if"]["lowest"]["rating"] == 136
    assert body["what_if"]["is_restricted"]
    assert body["line"] == {"code": "healthy", "measure": "rating", "at": 200}
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize("points", [40, -40])
def test_a_what_if_takes_a_deduction_with_the_ledgers_sign_and_without(
    store: Store, api: Api, points: int
) -> None:
    event = {"kind": "deduction", "points": points, "at": on(2)}

    body = api.post(f"stores/{store.pk}/what-if/", {"events": [event]})[1]

    assert [told["points"] for told in body["events"]] == [-40]
    assert body["what_if"]["lowest"]["rating"] == 160


@pytest.mark.parametrize(
    ("event", "field"),
    [
        pytest.param({"kind": "gift", "points": 4, "at": on(2)}, "kind", id="kind"),
        pytest.param({"kind": "quiz", "points": 4}, "on", id="no day"),
        pytest.param({"kind": "quiz", "points": 4, "on": "2026-13-01"}, "on", id="no such day"),
        pytest.param({"kind": "quiz", "points": 4, "on": "2020-01-01"}, "on", id="day over"),
        pytest.param({"kind": "quiz", "points": 4, "at": on(-2)}, "at", id="moment over"),
        pytest.param({"kind": "quiz", "points": 4, "at": on(200)}, "at", id="too far"),
        pytest.param({"kind": "quiz", "points": -4, "at": on(2)}, "points", id="sign"),
        pytest.param({"kind": "quiz", "at": on(2)}, "points", id="no points"),
        pytest.param(
            {"kind": "quiz", "points": 4, "count": 2, "at": on(2)}, "points", id="too much"
        ),
        pytest.param({"kind": "deduction", "rule": "nope", "at": on(2)}, "rule", id="rule"),
        pytest.param(
            {"kind": "granted", "violation": "nope", "at": on(2)}, "violation", id="violation"
        ),
        pytest.param({"kind": "orders", "count": 200, "at": on(2)}, "count", id="no bonus"),
        pytest.param({"kind": "quiz", "points": 4, "at": on(2), "note": "x"}, "note", id="field"),
    ],
)
def test_a_bad_event_is_refused_by_its_field(
    store: Store, api: Api, event: dict[str, Any], field: str
) -> None:
    good = {"kind": "quiz", "points": 4, "at": on(2)}

    status, body = api.post(f"stores/{store.pk}/what-if/", {"events": [good, event]})

    assert (status, [name for _, name in codes(body)]) == (400, [f"events.1.{field}"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "events"),
        ({"events": []}, "events"),
        ({"events": [{"kind": "quiz", "points": 4, "at": on(2)}] * 21}, "events"),
        ({"events": [{"kind": "quiz", "points": 4, "at": on(2)}], "line": "nope"}, "line"),
        ({"events": [{"kind": "quiz", "points": 4, "at": on(2)}], "more": 1}, "more"),
    ],
)
def test_a_bad_what_if_is_refused_by_its_field(
    store: Store, api: Api, body: dict[str, Any], field: str
) -> None:
    status, answer = api.post(f"stores/{store.pk}/what-if/", body)

    assert (status, [name for _, name in codes(answer)]) == (400, [field])


def test_roll_offs_are_told_page_by_page(agency: Agency, api: Api) -> None:
    # given two stores with three roll-offs, two of them at one moment
    one, other = make_store(market="US"), make_store(market="US")
    take(one, -8, ago=170 * DAY)
    take(other, -4, ago=170 * DAY)
    take(one, -2, ago=150 * DAY)

    # when
    first = api.get("roll-offs/", limit=2)[1]
    second = api.get("roll-offs/?" + first["next"].partition("?")[2])[1]

    # then
    assert sorted(row["points"] for row in first["results"]) == [4, 8]
    assert [row["points"] for row in second["results"]] == [2]
    assert (first["previous"], second["next"]) == (None, None)
    assert first["results"][0].keys() == {
        "store", "at", "on", "points", "label", "entry", "violation",
    }  # fmt: skip
    assert [row["points"] for row in api.get("roll-offs/", store=str(other.pk))[1]["results"]] == [
        4
    ]
    assert [row["points"] for row in api.get("roll-offs/", days=12)[1]["results"]] != []
    assert api.get("roll-offs/", days=5)[1]["results"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"days": "0"}, "days"),
        ({"limit": "201"}, "limit"),
        ({"store": "x"}, "store"),
        ({"store": ""}, "store"),
        ({"days": ""}, "days"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "MjAyNi0xMi0wMXx4"}, "cursor"),  # a day without a zone
    ],
)
def test_a_bad_question_for_roll_offs_is_refused(
    agency: Agency, api: Api, query: dict[str, str], field: str
) -> None:
    status, body = api.get("roll-offs/", **query)

    assert (status, [name for _, name in codes(body)]) == (400, [field])


def test_stores_out_of_reach_tell_nothing(
    agency: Agency, other_agency: Agency, store: Store
) -> None:
    # given
    take(store, -8, ago=170 * DAY)
    listed = make_store()
    with scope.agency(other_agency):
        theirs = make_store()
    api = Api(make_api_key(agency, store_ids=[listed.pk]), agency)

    # then
    event = {"kind": "quiz", "points": 4, "at": on(2)}
    for hidden in (store, theirs):
        path = f"stores/{hidden.pk}"
        assert api.get(f"{path}/forecast/")[0] == 404
        assert api.post(f"{path}/what-if/", {"events": [event]})[0] == 404
        assert api.get("roll-offs/", store=str(hidden.pk))[0] == 400
    assert api.get("roll-offs/")[1]["results"] == []


def test_a_key_that_may_not_read_is_refused(agency: Agency, store: Store) -> None:
    api = Api(make_api_key(agency, "write"), agency)

    assert api.get(f"stores/{store.pk}/forecast/")[0] == 403
    assert api.post(f"stores/{store.pk}/what-if/", {"events": []})[0] == 403
    assert api.get("roll-offs/")[0] == 403


def test_roll_offs_ask_the_same_number_of_queries_for_one_store_and_for_three(
    agency: Agency, api: Api, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def add() -> None:
        take(seen(make_store(market="US")), -8, ago=170 * DAY)

    add()
    api.get("roll-offs/")
    with CaptureQueriesContext(connection) as for_one:
        api.get("roll-offs/")
    add()
    add()

    with django_assert_num_queries(len(for_one)):
        api.get("roll-offs/")
