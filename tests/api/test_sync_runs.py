"""The runs of syncs, as an integration reads them."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from stores.models import Store, SyncRun
from tenants import scope
from tenants.models import Agency
from tests.api.calls import Api, make_api_key
from tests.factories import NOW, make_store


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def make_run(store: Store, number: int = 0, **values: object) -> SyncRun:
    started_at = NOW + timedelta(minutes=number)
    return SyncRun.objects.create(
        **({"store": store, "data": "orders", "state": "done", "started_at": started_at} | values)
    )


def test_a_run_is_listed_with_its_counts_and_what_stood_in_its_way(
    agency: Agency, api: Api
) -> None:
    store = make_store()
    run = make_run(
        store, state="failed", fetched=7, changed=5, problem="down", request_id="20261124"
    )

    status, body = api.get("sync-runs/")

    assert status == 200
    assert body["results"] == [
        {
            "id": str(run.pk),
            "store": str(store.pk),
            "data": "orders",
            "state": "failed",
            "is_first": False,
            "started_at": "2026-11-20T09:00:00Z",
            "finished_at": None,
            "next_try_at": None,
            "expected": None,
            "fetched": 7,
            "changed": 5,
            "problem": "down",
            "detail": "The marketplace does not answer. We try again by ourselves.",
            "request_id": "20261124",
        }
    ]


def test_runs_are_filtered_by_store_data_and_state(agency: Agency, api: Api) -> None:
    store = make_store()
    wanted = make_run(store, data="returns", state="running")
    make_run(store, state="running")
    make_run(store, data="returns")
    make_run(make_store(), data="returns", state="running")

    found = api.get("sync-runs/", store=str(store.pk), data="returns", state="running")[1]

    assert [row["id"] for row in found["results"]] == [str(wanted.pk)]


def test_another_agencys_runs_are_not_told(agency: Agency, other_agency: Agency, api: Api) -> None:
    with scope.agency(other_agency):
        theirs = make_store()
        make_run(theirs)

    assert api.get("sync-runs/")[1]["results"] == []
    assert api.get("sync-runs/", store=str(theirs.pk))[0] == 404


def test_a_key_that_may_only_write_is_refused(agency: Agency) -> None:
    assert Api(make_api_key(agency, "write"), agency).get("sync-runs/")[0] == 403


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_three(
    agency: Agency, api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    api.get("sync-runs/")  # notes that the key is used
    make_run(make_store())
    with django_assert_max_num_queries(100) as one:
        api.get("sync-runs/")
    for number in (1, 2):
        make_run(make_store(), number)
    with django_assert_max_num_queries(100) as three:
        assert len(api.get("sync-runs/")[1]["results"]) == 3
    assert len(one) == len(three)
