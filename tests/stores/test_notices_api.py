"""Notices over the API: what became of them, never their words."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stores.models import Store
from tenants import scope
from tenants.models import Agency
from tests import factories
from tests.api.calls import Api, make_api_key


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store()


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def test_a_notice_is_listed_without_its_words(store: Store, api: Api) -> None:
    notice = factories.make_notice(
        store=store, kind="news", subject="Policy update", text="Only on the page"
    )

    assert api.get("notices/")[1]["results"] == [
        {
            "id": str(notice.pk),
            "store": str(store.pk),
            "channel": "mail",
            "kind": "news",
            "trust": "proven",
            "state": "triage",
            "reason": "unrecognised",
            "subject": "Policy update",
            "sent_at": None,
            "received_at": notice.received_at.isoformat().replace("+00:00", "Z"),
            "did": [],
        }
    ]


@pytest.mark.parametrize(
    "asked", [{"kind": "news"}, {"state": "set_aside"}, {"trust": "unverified"}]
)
def test_notices_are_filtered(store: Store, api: Api, asked: dict[str, str]) -> None:
    wanted = factories.make_notice(store=store, kind="news", state="set_aside", trust="unverified")
    factories.make_notice(store=store, kind="warning")

    assert [row["id"] for row in api.get("notices/", **asked)[1]["results"]] == [str(wanted.pk)]


def test_a_key_of_some_stores_sees_theirs_alone(agency: Agency, store: Store) -> None:
    wanted = factories.make_notice(store=store)
    factories.make_notice(store=factories.make_store())
    factories.make_notice(store=None)
    api = Api(make_api_key(agency, store_ids=[store.pk]), agency)

    assert [row["id"] for row in api.get("notices/")[1]["results"]] == [str(wanted.pk)]
    assert Api(make_api_key(agency, "write"), agency).get("notices/")[0] == 403


def test_no_other_agencys_notices_are_told(agency: Agency, other_agency: Agency, api: Api) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()
        factories.make_notice(store=theirs)

    assert api.get("notices/")[1]["results"] == []
    assert api.get("notices/", store=str(theirs.pk))[0] == 404


def test_the_list_takes_as_many_queries_for_one_as_for_three(store: Store, api: Api) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            api.get("notices/")
        return len(queries)

    factories.make_notice(store=store)
    count()
    alone = count()
    for _ in range(2):
        factories.make_notice(store=store)

    assert count() == alone
