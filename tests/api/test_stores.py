"""How stores are connected and how fresh what we know of them is, as an integration reads it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from stores.models import Connection, SyncCursor
from tenants.models import Agency
from tests import factories
from tests.api.calls import Api, codes, make_api_key


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def by_data(store: Mapping[str, Any]) -> dict[str, Any]:
    return {each["data"]: each for each in store["data"]}


def test_a_store_tells_its_connection_and_how_fresh_each_kind_of_data_is(
    agency: Agency, api: Api
) -> None:
    # given
    now = datetime.now(UTC).replace(microsecond=0)
    connection = factories.make_connection(store=factories.make_store(market="TH"))
    Connection.objects.update(refresh_expires_at=now + timedelta(days=90), pushes_at=now)
    store = connection.store
    due_at = now + timedelta(minutes=4)
    for data, hours, problem in (("orders", 0, ""), ("returns", 5, "ours")):
        SyncCursor.objects.create(
            store=store,
            data=data,
            fresh_at=now - timedelta(hours=hours),
            due_at=due_at,
            problem=problem,
        )

    # when
    alone = api.get(f"stores/{store.pk}/")[1]
    (listed,) = api.get("stores/")[1]["results"]

    # then
    assert listed["connection"] == alone["connection"]
    assert alone["connection"] == {
        "state": "connected",
        "authorized_until": f"{now + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}",
        "pushes_since": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "problem": "",
        "detail": "",
    }
    told = by_data(listed)
    assert {
        data: (one["state"], one["is_blind"], one["problem"]) for data, one in told.items()
    } == dict.fromkeys(told, ("never", True, "")) | {
        "orders": ("fresh", False, ""),
        "returns": ("old", True, "ours"),
    }
    assert told["returns"]["next_at"] == f"{due_at:%Y-%m-%dT%H:%M:%SZ}"
    assert "not understood" in told["returns"]["detail"]
    assert "payments" not in told  # which this market does not tell


def test_a_store_kept_by_hand_has_no_connection_and_nothing_to_fetch(
    agency: Agency, api: Api
) -> None:
    store = factories.make_store(marketplace="lazada", market="TH")

    told = api.get(f"stores/{store.pk}/")[1]

    assert (told["connection"]["state"], told["data"]) == ("none", [])


def test_signs_that_show_nothing_are_no_part_of_a_name(agency: Agency, api: Api) -> None:
    place = {"marketplace": "tiktok_shop", "market": "TH"}

    made = api.post("stores/", place | {"name": "Fern\u200bwood\u202e"})
    refused = api.post("stores/", place | {"name": "\u200b\u202e"})

    assert (made[0], made[1]["name"]) == (201, "Fernwood")
    assert (refused[0], codes(refused[1])) == (400, [("blank", "name")])


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_three(
    agency: Agency, api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    api.get("stores/")  # notes that the key is used
    factories.make_connection()
    with django_assert_max_num_queries(100) as one:
        api.get("stores/")
    for _ in range(2):
        factories.make_connection()
    with django_assert_max_num_queries(100) as three:
        assert len(api.get("stores/")[1]["results"]) == 3
    assert len(one) == len(three)
