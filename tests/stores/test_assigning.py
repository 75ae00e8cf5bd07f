"""Giving many stores at once to a client, to groups and to people: ticked, or by a list."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from stores.models import Client, Store, StoreAccess, StoreGroup, StoreGrouping
from stores.services import assigning
from stores.services.access import NotYoursToGrant
from stores.services.assigning import Placing
from tenants import scope
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories
from tests.factories import NOW


@pytest.fixture
def admin(agency: Agency) -> Membership:
    return factories.make_membership("admin")


@pytest.fixture
def specialist(agency: Agency) -> Membership:
    return factories.make_membership("specialist")


@pytest.fixture
def browser(admin: Membership) -> HttpClient:
    return factories.signed_in_client(admin)


def groups_of(store: Store) -> list[str]:
    places = StoreGrouping.objects.filter(store=store).order_by("group__name")
    return list(places.values_list("group__name", flat=True))


def reach_of(member: Membership) -> set[Any]:
    return set(StoreAccess.objects.filter(member=member).values_list("store_id", flat=True))


# --- the service ---------------------------------------------------------------------------------


def test_assign_writes_client_groups_and_shares_and_what_changed(
    admin: Membership, specialist: Membership
) -> None:
    # given
    before, after = factories.make_client(name="Old"), factories.make_client(name="New")
    moved, kept = factories.make_store(client=before), factories.make_store(client=after)
    held, added = factories.make_group(name="A", stores=[kept]), factories.make_group(name="B")

    # when
    done = assigning.assign(
        placings=[Placing(store, after, (held, added), (specialist,)) for store in (moved, kept)],
        by=admin,
        at=NOW,
    )

    # then
    assert (done.stores, done.shares) == (2, 2)
    assert {store.client for store in Store.objects.all()} == {after}
    assert (groups_of(moved), groups_of(kept)) == (["A", "B"], ["A", "B"])
    assert reach_of(specialist) == {moved.pk, kept.pk}
    told = {
        (event.action, event.object_id): event.changes
        for event in AuditEvent.objects.filter(member=admin, at=NOW)
    }
    assert told == {
        ("store.edited", moved.pk): {
            "client": [str(before.pk), str(after.pk)],
            "groups": [["A", "B"]],
        },
        ("store.edited", kept.pk): {"groups": [["A", "B"]]},
        ("access.changed", specialist.pk): {"added": 2, "removed": 0},
    }


def test_assigning_again_changes_nothing_and_tells_nothing(
    admin: Membership, specialist: Membership
) -> None:
    store, client = factories.make_store(), factories.make_client()
    placing = Placing(store, client, (factories.make_group(),), (specialist,))
    assigning.assign(placings=[placing], by=admin, at=NOW)
    count = AuditEvent.objects.count()

    done = assigning.assign(placings=[placing], by=admin, at=NOW)

    assert (done.stores, done.shares, AuditEvent.objects.count()) == (0, 0, count)


def test_assign_is_all_or_nothing(admin: Membership, agency: Agency) -> None:
    # given a person that an admin may not change: she may do more
    owner = factories.make_membership("owner", all_stores=False)
    store, other = factories.make_store(), factories.make_store()
    client = factories.make_client()

    # when
    with pytest.raises(NotYoursToGrant):
        assigning.assign(
            placings=[Placing(store, client), Placing(other, client, (), (owner,))],
            by=admin,
            at=NOW,
        )

    # then
    assert not Store.objects.exclude(client=None).exists()
    assert not AuditEvent.objects.exists()


def test_who_may_not_share_assigns_clients_and_no_people(specialist: Membership) -> None:
    lead = factories.make_membership("lead")
    store, client = factories.make_store(), factories.make_client()

    assigning.assign(placings=[Placing(store, client)], by=lead, at=NOW)
    with pytest.raises(NotYoursToGrant):
        assigning.assign(placings=[Placing(store, members=(specialist,))], by=lead, at=NOW)

    assert (Store.objects.get().client, reach_of(specialist)) == (client, set())


def test_nobody_shares_with_herself_or_with_who_is_shut_out(admin: Membership) -> None:
    gone = factories.make_membership("specialist")
    Membership.objects.filter(pk=gone.pk).update(is_active=False)
    gone.refresh_from_db()
    for member in (admin, gone):
        with pytest.raises(NotYoursToGrant):
            assigning.assign(
                placings=[Placing(factories.make_store(), members=(member,))], by=admin, at=NOW
            )
    assert not StoreAccess.objects.exists()


def test_assign_needs_something_to_assign(admin: Membership) -> None:
    with pytest.raises(assigning.NothingToAssign):
        assigning.assign(placings=[Placing(factories.make_store())], by=admin, at=NOW)


def test_assign_takes_as_many_queries_for_one_store_as_for_three(
    admin: Membership, specialist: Membership
) -> None:
    counts = []
    client, group = factories.make_client(), factories.make_group()
    for number in (1, 3):
        stores = [factories.make_store() for _ in range(number)]
        placings = [Placing(store, client, (group,), (specialist,)) for store in stores]
        with CaptureQueriesContext(database) as queries:
            assigning.assign(placings=placings, by=admin, at=NOW)
        counts.append(len(queries))
    assert counts[-2] == counts[-1]


# --- ticked --------------------------------------------------------------------------------------


def test_picked_stores_are_assigned_by_a_page(browser: HttpClient, specialist: Membership) -> None:
    # given
    stores = [factories.make_store() for _ in range(2)]
    client, group = factories.make_client(), factories.make_group(name="Black Friday")
    picked = [str(store.pk) for store in stores]

    # when
    form = browser.post("/stores/assign/", {"pick": picked}).content.decode()
    answer = browser.post(
        "/stores/assign/",
        {
            "pick": picked,
            "step": "save",
            "client": str(client.pk),
            "groups": [str(group.pk)],
            "members": [str(specialist.pk)],
        },
    )

    # then
    assert "Where 2 stores belong" in form
    assert answer.headers["location"] == "/setup/"
    assert {store.client_id for store in Store.objects.all()} == {client.pk}
    assert reach_of(specialist) == {store.pk for store in stores}


def test_a_lead_is_offered_no_people(agency: Agency, specialist: Membership) -> None:
    # given
    lead = factories.signed_in_client(factories.make_membership("lead"))
    store = factories.make_store()

    # when
    page = lead.post("/stores/assign/", {"pick": [str(store.pk)]}).content.decode()
    lead.post(
        "/stores/assign/",
        {"pick": [str(store.pk)], "step": "save", "members": [str(specialist.pk)]},
    )

    # then
    assert str(specialist.pk) not in page
    assert reach_of(specialist) == set()


@pytest.mark.parametrize("path", ["/stores/assign/", "/stores/assign/list/"])
def test_who_may_not_change_stores_assigns_nothing(
    agency: Agency, specialist: Membership, path: str
) -> None:
    browser = factories.signed_in_client(specialist)
    assert browser.get(path).status_code == 403
    assert browser.post(path, {"step": "save"}).status_code == 403


def test_another_agencys_rows_are_not_assigned(
    browser: HttpClient, other_agency: Agency, agency: Agency
) -> None:
    # given
    with scope.agency(other_agency):
        theirs, their_client = factories.make_store(), factories.make_client()
        their_group = factories.make_group(name="Theirs")
    mine = factories.make_store()

    # when
    answers = [
        browser.post(
            "/stores/assign/",
            {"pick": [str(theirs.pk), str(mine.pk)], "step": "save", **foreign},
        )
        for foreign in ({"client": str(their_client.pk)}, {"groups": [str(their_group.pk)]})
    ]

    # then
    assert [answer.status_code for answer in answers] == [422, 422]
    assert not AuditEvent.objects.exists()
    with scope.agency(other_agency):
        assert not Store.objects.exclude(client=None).exists()


@pytest.mark.parametrize(
    "post",
    [
        {"pick": ["x"]},
        {"pick": []},
        {"client": "\x00"},
        {"groups": ["x"]},
        {"members": ["00000000-0000-0000-0000-000000000000"]},
    ],
)
def test_no_choice_breaks_the_page(browser: HttpClient, post: dict[str, Any]) -> None:
    store = factories.make_store()
    answer = browser.post("/stores/assign/", {"pick": [str(store.pk)], "step": "save"} | post)
    assert answer.status_code in {200, 422}
    assert not AuditEvent.objects.exists()


# --- by a list -----------------------------------------------------------------------------------


def test_a_list_is_looked_over_and_then_written(
    browser: HttpClient, specialist: Membership
) -> None:
    # given
    by_name = factories.make_store(name="Siam Bloom")
    by_id = factories.make_store(name="Lanna", external_id="7495000000000000303")
    factories.make_client(name="Harbor GmbH")
    rows = (
        "店铺\tClient\tGroups\tPeople\n"
        f"siam  bloom\tharbor gmbh\tVIP, Black Friday\t{specialist.user.email.upper()}\n"
        "7495000000000000303\tNew Client\t\t\n"
    )
    post = {"rows": rows, "is_making": "on"}

    # when
    looked = browser.post("/stores/assign/list/", {**post, "step": "look"}).content.decode()
    untouched = AuditEvent.objects.count()
    saved = browser.post("/stores/assign/list/", {**post, "step": "save"})

    # then
    assert "2 rows, all readable" in looked
    assert "New clients: New Client." in looked
    assert "New groups: VIP, Black Friday." in looked
    assert untouched == 0
    assert saved.headers["location"] == "/setup/"
    clients = dict(Store.objects.values_list("name", "client__name"))
    assert clients == {"Siam Bloom": "Harbor GmbH", "Lanna": "New Client"}
    assert (groups_of(by_name), groups_of(by_id)) == (["Black Friday", "VIP"], [])
    assert reach_of(specialist) == {by_name.pk}


def test_a_file_is_read_as_well_and_comes_back_to_be_saved(browser: HttpClient) -> None:
    # given
    factories.make_store(name="Siam Bloom")
    file = SimpleUploadedFile("list.csv", "store;group\nSiam Bloom;VIP\n".encode("utf-16"))

    # when
    page = browser.post(
        "/stores/assign/list/", {"file": file, "is_making": "on", "step": "look"}
    ).content.decode()

    # then
    assert "1 row, all readable" in page
    assert "store\tgroup\nSiam Bloom\tVIP</textarea>" in page
    assert not StoreGroup.objects.exists()


def test_a_wrong_row_is_said_with_its_line_and_nothing_is_written(
    browser: HttpClient,
) -> None:
    # given
    factories.make_store(name="Siam Bloom")
    for market in ("TH", "VN"):
        factories.make_store(name="Twin", market=market)
    rows = (
        "store\tclient\tgroups\tpeople\tcolour\n"
        "Siam Bloom\tNobody\t\t\n"
        "Twin\t\t\t\n"
        "Nowhere\t\tVIP\t\n"
        "\tx\t\t\n"
        "Siam Bloom\t\t\tghost@example.com\n"
    )

    # when
    page = browser.post("/stores/assign/list/", {"rows": rows, "step": "save"}).content.decode()

    # then
    for said in (
        "5 rows cannot be taken as they stand. Nothing was written.",
        "There is no client Nobody.",
        "Several stores are called Twin. Give the shop ID.",
        "There is no store Nowhere.",
        "There is no group VIP.",
        "The store is missing.",
        "This store stands further up already.",
        "There is nobody with this address to share with: ghost@example.com.",
        "Not taken: colour.",
    ):
        assert said in page
    assert not AuditEvent.objects.exists()
    assert not Client.objects.exists()


def test_what_is_refused_while_it_is_written_leaves_nothing_behind(
    agency: Agency, specialist: Membership
) -> None:
    # given a lead who does not see that the client's name is taken
    lead = factories.make_membership("lead", all_stores=False)
    mine = factories.make_store(name="Mine")
    factories.make_access(lead, mine)
    factories.make_client(name="Hidden")
    rows = "store\tclient\tgroups\nMine\tHidden\tVIP"

    # when
    answer = factories.signed_in_client(lead).post(
        "/stores/assign/list/", {"rows": rows, "is_making": "on", "step": "save"}
    )

    # then
    assert answer.status_code == 422
    assert "There is one of this name already." in answer.content.decode()
    assert not StoreGroup.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("post", "said"),
    [
        ({}, "Choose a file or paste the rows."),
        ({"rows": "\x00"}, ""),
        ({"rows": "name,client\nA,B"}, "A column named store is missing."),
        ({"rows": "store,client"}, "There is no row below the headings."),
        ({"rows": "store\n" + "x\n" * 501}, "At most 500 rows at once."),
        ({"file": SimpleUploadedFile("a.xlsx", b"\x89PNG\r\n\x1a\n")}, ""),
        ({"file": SimpleUploadedFile("a.csv", b"")}, ""),
        ({"rows": "store,store\nA,B"}, "A column named store is missing."),
    ],
    ids=["nothing", "no text", "no store", "headings", "too many", "picture", "empty", "twice"],
)
def test_a_list_that_cannot_be_read_is_refused_in_words(
    browser: HttpClient, post: dict[str, Any], said: str
) -> None:
    answer = browser.post("/stores/assign/list/", {**post, "step": "save"})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_list_takes_as_many_queries_for_one_row_as_for_three(
    browser: HttpClient, specialist: Membership
) -> None:
    counts = []
    factories.make_client(name="C")
    factories.make_group(name="G")
    for number in (1, 1, 3):  # the first leaves a word in the session
        stores = [factories.make_store() for _ in range(number)]
        rows = "store\tclient\tgroups\tpeople\n" + "\n".join(
            f"{store.name}\tC\tG\t{specialist.user.email}" for store in stores
        )
        browser.get("/stores/assign/list/")
        with CaptureQueriesContext(database) as queries:
            answer = browser.post("/stores/assign/list/", {"rows": rows, "step": "save"})
        assert answer.status_code == 302
        counts.append(len(queries))
    assert counts[-2] == counts[-1]
