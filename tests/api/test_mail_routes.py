"""The addresses for forwarded mails, as an integration reads them."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from stores.models import Store
from stores.services import mail_routes
from tenants import scope
from tenants.models import Agency
from tests.api.calls import Api, make_api_key
from tests.factories import NOW, make_forwarding, make_mail_test, make_notice, make_store
from tests.stores import posts


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def addressed(name: str) -> Store:
    store = make_store(name=name)
    posts.route_to(store)
    return store


def by_store(answer: tuple[int, Any]) -> dict[str | None, Any]:
    status, body = answer
    assert status == 200
    return {row["store"]: row for row in body["results"]}


def test_addresses_are_listed_with_their_mailboxes_and_never_a_code(
    agency: Agency, api: Api
) -> None:
    # given
    store, plain = addressed("Bamboo"), addressed("Plain")
    came = NOW + timedelta(minutes=5)
    mailbox = {"mailbox": "seller@gmail.com", "asked_at": NOW, "confirmed_at": came}
    make_forwarding(store, code="135791113", state="confirmed", **mailbox)
    make_forwarding(plain, asked_at=NOW)  # it waited for a week, in vain
    make_notice(store=store, received_at=NOW)

    # when
    found = by_store(api.get("mail-routes/"))

    # then
    assert set(found) == {None, str(store.pk), str(plain.pk)}
    assert found[str(store.pk)] == {
        "address": mail_routes.address_of(posts.route_to(store)),
        "store": str(store.pk),
        "state": "quiet",
        "last_mail_at": None,
        "heard_at": "2026-11-20T09:05:00Z",
        "forwardings": [
            {
                "provider": "gmail",
                "mailbox": "seller@gmail.com",
                "state": "confirmed",
                "asked_at": "2026-11-20T09:00:00Z",
                "confirmed_at": "2026-11-20T09:05:00Z",
            }
        ],
    }
    of_plain = found[str(plain.pk)]
    assert (of_plain["state"], of_plain["forwardings"]) == ("waiting", [])
    assert "135791113" not in str(found)


def test_key_of_listed_stores_sees_neither_others_nor_the_agencys_address(agency: Agency) -> None:
    listed, hidden = addressed("Listed"), addressed("Hidden")
    posts.route_to(None)
    api = Api(make_api_key(agency, store_ids=[listed.pk]), agency)

    assert set(by_store(api.get("mail-routes/"))) == {str(listed.pk)}
    assert api.get("mail-routes/", store=str(hidden.pk))[0] == 404


def test_one_store_is_asked_for_alone(agency: Agency, api: Api) -> None:
    wanted, _other = addressed("Wanted"), addressed("Other")

    assert set(by_store(api.get("mail-routes/", store=str(wanted.pk)))) == {str(wanted.pk)}
    assert api.get("mail-routes/", store="nonsense")[0] == 404


def test_another_agencys_addresses_are_not_told(
    agency: Agency, other_agency: Agency, api: Api
) -> None:
    with scope.agency(other_agency):
        theirs = addressed("Theirs")
        make_mail_test(theirs)

    assert str(theirs.pk) not in by_store(api.get("mail-routes/"))
    assert api.get("mail-routes/", store=str(theirs.pk))[0] == 404


def test_a_key_that_may_only_write_is_refused(agency: Agency) -> None:
    assert Api(make_api_key(agency, "write"), agency).get("mail-routes/")[0] == 403


def test_the_list_is_paged_and_asks_the_same_number_of_queries_for_one_and_for_three(
    agency: Agency, api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    addressed("One")
    api.get("mail-routes/")  # notes that the key is used
    with django_assert_max_num_queries(100) as one:
        api.get("mail-routes/")
    for name in ("Two", "Three"):
        make_forwarding(addressed(name))
    with django_assert_max_num_queries(100) as three:
        everything = by_store(api.get("mail-routes/"))
    assert len(one) == len(three)

    first = api.get("mail-routes/", limit=2)[1]
    cursor = first["next"].rpartition("cursor=")[2].replace("%3D", "=")
    second = api.get("mail-routes/", limit=2, cursor=cursor)[1]
    assert len(everything) == 4
    assert [row["store"] for row in [*first["results"], *second["results"]]] == list(everything)
