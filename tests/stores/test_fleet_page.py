import re
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from stores import signals
from stores.models import Store
from stores.selectors import fleet
from stores.selectors.alerts import AlertCount
from stores.selectors.freshness import Freshness
from stores.selectors.mail_flow import MailFlow
from tenants.models import Agency, Membership
from tests import factories

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
ClientFor = Callable[[Membership], HttpClient]


def make_row(name: str, **rating: Any) -> fleet.Row:
    values = {
        "rating": 200,
        "points_deducted": 0,
        "band": "healthy",
        "standing": "computed",
        "label": "",
        "label_zh": "",
        "is_near_milestone": False,
        "is_drift_alert": False,
        "milestone_distance": 50,
        "milestone_at": 150,
        "milestone_measure": "rating",
        "day_ago": 204,
        "week_ago": None,
    }
    return fleet.Row(
        store=Store(name=name, market="US", created_at=NOW, agency_id=uuid4()),
        rating=SimpleNamespace(**(values | rating)) if rating.pop("known", True) else None,
        checks=None,
        deadline=None,
        alerts=AlertCount(2, 1),
        freshness=Freshness("fresh", NOW, "connected", ""),
        group_names=("Black Friday",),
        mail=MailFlow("flows", NOW),
    )


def names_in(page: bytes) -> list[str]:
    return re.findall(
        r'<a class="named" href="/stores/[^"]+/" data-open>([^<]+)</a>', page.decode()
    )


def test_the_fleet_is_ordered_worst_first() -> None:
    # given, in the order they are expected in
    rows = [
        make_row("shut", band="closed", rating=0),
        make_row("nearest a milestone", is_near_milestone=True, milestone_distance=3, rating=190),
        make_row("near a milestone", is_near_milestone=True, milestone_distance=9, rating=109),
        make_row("low", band="critical", rating=110),
        make_row("less low", band="critical", rating=120),
        make_row("never rated", known=False),
        make_row("stale", standing="stale", band="critical", rating=20),
        make_row("watched", band="watch", rating=170),
        make_row("well", rating=250),
    ]

    # when
    best_first = list(reversed(rows))
    ordered = sorted(best_first, key=lambda row: row.key)

    # then
    assert [row.store.name for row in ordered] == [row.store.name for row in rows]


def test_what_is_unknown_or_too_old_is_blind_and_shows_no_number() -> None:
    stale, unknown = make_row("a", standing="stale", rating=187), make_row("b", known=False)

    assert [(row.band, row.value, row.held) for row in (stale, unknown)] == [
        ("unknown", None, 187),
        ("unknown", None, None),
    ]
    assert fleet.counts([stale, unknown, make_row("c")]) == {
        "closed": 0,
        "critical": 0,
        "watch": 0,
        "healthy": 1,
        "unknown": 2,
    }


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ("rating:<201", True),
        ("rating:<200", False),
        ("rating:>=200 market:us", True),
        ("-rating:200", False),
        ("rating:banana", False),
        ("market:uk", False),
        ("band:healthy", True),
        ("band:blind", False),
        ("owner:none", True),
        ("-owner:none", False),
        ("owner:me", False),
        ("group:black-friday", True),
        ('group:"black friday"', True),
        ("client:lotus", False),
        ("drift:no", True),
        ("alerts:>1", True),
        ("data:fresh", True),
        ("milestone:near", False),
        ("tea", True),
        ("coffee", False),
        ('"green tea"', True),
    ],
)
def test_search(asked: str, *, fits: bool) -> None:
    row = make_row("Green Tea")
    member = Membership(pk=uuid4())

    found = fleet.matching([row], fleet.parse_search(asked), member)

    assert bool(found) == fits


def test_a_search_is_written_back_as_it_was_read() -> None:
    search = fleet.parse_search('rating:<160  -owner:none client:"Lotus Home" tea colour:red')

    assert search.text() == 'rating:<160 -owner:none client:"Lotus Home" tea'
    assert search.text(without=search.tokens[0]) == '-owner:none client:"Lotus Home" tea'
    assert search.unknown == ("colour",)


def test_an_empty_fleet_says_what_to_do_next(agency: Agency, client_for: ClientFor) -> None:
    lead, specialist = factories.make_membership("lead"), factories.make_membership("specialist")

    pages = [client_for(member).get("/").content.decode() for member in (lead, specialist)]

    assert 'href="/stores/new/">Add a store' in pages[0]
    assert "Add your first store" in pages[0]
    assert "No store is shared with you yet" in pages[1]
    assert "/stores/new/" not in pages[1]


def test_the_fleet_shows_a_members_own_stores_only(agency: Agency, client_for: ClientFor) -> None:
    # given
    mine, _theirs = factories.make_store(name="Mine"), factories.make_store(name="Theirs")
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, mine)

    # when
    page = client_for(specialist).get("/")

    # then
    assert names_in(page.content) == ["Mine"]
    assert b"Theirs" not in page.content


def test_the_fleet_is_filtered_by_client_group_and_words(
    agency: Agency, client_for: ClientFor
) -> None:
    # given
    client = factories.make_client()
    tea, coffee = factories.make_store(name="Tea", client=client), factories.make_store(name="Cup")
    group = factories.make_group(stores=[coffee])
    browser = client_for(factories.make_membership())

    # when
    found = [
        names_in(browser.get("/", query).content)
        for query in (
            {"client": str(client.pk)},
            {"group": str(group.pk)},
            {"q": "tea"},
            {"with": "market:us", "q": "cup"},
            {"q": "market:vn"},
            {"client": "no uuid", "q": "\x00te\x00"},
            {"q": "x" * 10_000},
        )
    ]

    # then
    assert found == [[tea.name], [coffee.name], [tea.name], [coffee.name], [], [tea.name], []]


def test_the_fleet_asks_the_same_number_of_queries_for_one_store_and_for_three(
    agency: Agency, client_for: ClientFor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # given
    browser = client_for(factories.make_membership())

    def add() -> None:
        store = factories.make_store(
            client=factories.make_client(), owner=factories.make_membership()
        )
        factories.make_connection(store=store)
        factories.make_group(stores=[store])
        factories.make_alert(store)

    add()
    browser.get("/")
    with CaptureQueriesContext(connection) as for_one:
        browser.get("/")
    add()
    add()

    # when, then
    with django_assert_num_queries(len(for_one)):
        browser.get("/")


def test_assigning_many_takes_those_in_reach_and_says_how_many_were_refused(
    agency: Agency, client_for: ClientFor
) -> None:
    # given a specialist who reaches one of two stores
    reached, out_of_reach = factories.make_store(), factories.make_store()
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, reached)
    lead = client_for(factories.make_membership())

    # when
    answer = lead.post(
        "/stores/act/",
        {
            "act": "assign",
            "owner": str(specialist.pk),
            "pick": [str(reached.pk), str(out_of_reach.pk), str(uuid4()), "no uuid"],
            "next": "/?q=owner:me",
        },
    )

    # then
    owners = dict(Store.objects.values_list("pk", "owner"))
    assert answer.headers["location"] == "/?q=owner:me"
    assert owners == {reached.pk: specialist.pk, out_of_reach.pk: None}
    page = lead.get("/").content.decode()
    assert "1 store assigned." in page
    assert "2 stores refused: out of reach." in page


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "\x00", ""])
def test_bulk_acts_come_back_to_our_own_pages(
    agency: Agency, client_for: ClientFor, back: str
) -> None:
    lead = client_for(factories.make_membership())

    answer = lead.post("/stores/act/", {"act": "assign", "next": back})

    assert answer.headers["location"] == "/"


def test_a_member_without_the_capability_may_not_assign(
    agency: Agency, client_for: ClientFor
) -> None:
    store = factories.make_store()
    auditor = factories.make_membership("auditor")

    answer = client_for(auditor).post(
        "/stores/act/", {"act": "assign", "owner": str(auditor.pk), "pick": str(store.pk)}
    )

    assert answer.status_code == 403
    assert Store.objects.get().owner_id is None


def test_a_known_figure_without_published_bands_is_not_blind(
    agency: Agency, client_for: ClientFor
) -> None:
    # given a store in a market whose rulebook states no bands, and the marketplace's own figure
    store, now = factories.make_store(market="GB"), datetime.now(UTC)
    signals.platform_rating_seen.send(
        sender=Store,
        store=store,
        value=184,
        measure="rating",
        observed_at=now,
        source="person",
        at=now,
        by=None,
    )

    # then the figure is shown, and called neither good nor bad
    page = client_for(factories.make_membership()).get("/").content.decode()
    assert "No bands" in page
    assert re.search(r'rated__number">\s*184', page)
    assert re.search(r'Blind</span>\s*<span class="counter__number">0<', page)
