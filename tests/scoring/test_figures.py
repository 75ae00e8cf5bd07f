"""The switch for figures of third parties: who may, what it moves, what was known then."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client as HttpClient

from scoring import books
from scoring.core import rating as core
from scoring.core.rulebook import Rulebook
from scoring.models import FigureSwitch, LedgerEntry, StoreRating
from scoring.selectors.figures import switched_on
from scoring.selectors.ledgers import ledger_of, options_of
from scoring.services import figures, ledger, rating
from stores.models import Store
from tenants import scope
from tenants.models import Agency, DueWork, Membership
from tenants.trail.models import AuditEvent
from tests.api.calls import Api, codes, make_api_key
from tests.factories import make_membership, make_store, make_violation
from tests.work import run_due

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
PH = "shopee/PH/local/2025-12-29"
TIERS = tuple(f"milestone.tier_{tier}" for tier in range(1, 6))


@pytest.fixture
def book() -> Rulebook:
    found = books.named(PH)
    assert found is not None
    return found


@pytest.fixture
def store(agency: Agency) -> Store:
    return make_store(marketplace="shopee", market="PH")


def put(book: Rulebook, *names: str, is_on: bool = True, at: datetime = NOW) -> int:
    return figures.switch(book=book, figures=names, is_on=is_on, at=at, by=None)


def told(book: Rulebook, known_at: datetime | None = None) -> set[str]:
    return {
        name.removeprefix(f"{book.name}:") for name in switched_on(books.library_of(book), known_at)
    }


# --- what counts, and since when that was known --------------------------------------------------


def test_nothing_counts_until_it_is_switched_on(agency: Agency, book: Rulebook) -> None:
    assert told(book) == set()
    put(book, "milestone.tier_1", "milestone.tier_5")
    assert told(book) == {"milestone.tier_1", "milestone.tier_5"}


def test_the_newest_act_by_a_moment_says_what_was_known_then(
    agency: Agency, book: Rulebook
) -> None:
    put(book, "milestone.tier_1", at=NOW - 9 * DAY)
    put(book, "milestone.tier_1", is_on=False, at=NOW - 5 * DAY)
    put(book, "milestone.tier_1", at=NOW - 2 * DAY)

    known = [told(book, NOW - days * DAY) for days in (10, 9, 6, 5, 3, 2, 0)]

    assert [bool(each) for each in known] == [False, True, True, False, False, True, True]


def test_a_switch_of_today_leaves_what_was_known_yesterday_as_it_was(
    store: Store, book: Rulebook
) -> None:
    # given nine points since last week, on no line that counts
    violation = make_violation(store=store, points=-9, reported_at=NOW - 7 * DAY)
    ledger.keep_violation(violation=violation, at=NOW - 7 * DAY, by=None)

    # when the tiers are switched on today
    put(book, *TIERS)

    # then yesterday, as known then, nothing had fired; as known now the third tier had
    def fired(known_at: datetime) -> list[str]:
        answer = core.evaluate(
            ledger_of(store),
            books.library_for(store),
            at=NOW - DAY,
            known_at=known_at,
            options=options_of(store, known_at=known_at),
        )
        return [event.code for event in answer.firings]

    assert (fired(NOW - DAY), fired(NOW)) == ([], ["tier_3"])


def test_a_figure_of_one_version_is_not_that_of_the_next(agency: Agency, book: Rulebook) -> None:
    older = books.named("shopee/PH/local/2025-10-06")
    assert older is not None
    put(older, "milestone.tier_1")

    on = switched_on(books.library_of(book))

    assert [bool(each.settled(on).milestones) for each in (older, book)] == [True, False]


def test_switched_on_tells_all_books_where_no_library_is_named(
    agency: Agency, book: Rulebook
) -> None:
    us = books.named("tiktok_shop/US/local/2025-10-14")
    assert us is not None
    put(us, "order_bonus")
    put(book, "milestone.tier_2")

    assert switched_on() == {f"{us.name}:order_bonus", f"{PH}:milestone.tier_2"}
    assert switched_on(books.library_of(us)) == {f"{us.name}:order_bonus"}


def test_switches_are_only_added(agency: Agency, book: Rulebook) -> None:
    put(book, "milestone.tier_1")

    for change in (
        lambda: FigureSwitch.objects.update(is_on=False),
        lambda: FigureSwitch.objects.all().delete(),
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
        ):
            change()


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("statement", ["UPDATE {} SET is_on = false", "DELETE FROM {}"])
def test_not_even_the_owner_of_the_tables_changes_or_deletes_a_switch(statement: str) -> None:
    agency = Agency.objects.get(slug="harbour")
    found = books.named(PH)
    assert found is not None
    with scope.agency(agency), transaction.atomic():
        put(found, "milestone.tier_1")
    with (
        pytest.raises(DatabaseError, match="figure_switch_is_append_only"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(statement.format(f'"{agency.schema_name}".scoring_figureswitch'))
    with scope.agency(agency), transaction.atomic():
        assert told(found) == {"milestone.tier_1"}


# --- what a switch moves -------------------------------------------------------------------------


def test_a_switch_asks_for_every_store_of_the_kind_in_one_statement(
    store: Store, book: Rulebook, django_assert_num_queries: Any
) -> None:
    rating.rate(store=store, at=NOW - DAY)
    second = make_store(marketplace="shopee", market="PH")
    archived = make_store(marketplace="shopee", market="PH", state="archived")
    another = make_store(marketplace="shopee", market="PH", seller_type="cross_border")
    for each in (second, archived, another):
        rating.rate(store=each, at=NOW - DAY)

    assert put(book, "milestone.tier_1") == 2

    waiting = DueWork.objects.filter(kind="scoring.next", due_at=NOW, done_at=None)
    # The archived one's stored answer moves with the others'.
    assert {row.subject for row in waiting} == {str(each.pk) for each in (store, second, archived)}


def test_stores_are_rated_by_what_was_switched_on(store: Store, book: Rulebook) -> None:
    violation = make_violation(store=store, points=-15, reported_at=NOW - DAY)
    ledger.keep_violation(violation=violation, at=NOW - DAY, by=None)
    rating.rate(store=store, at=NOW - DAY)
    before = StoreRating.objects.get(store=store)
    assert (before.points_deducted, before.milestone, before.in_force) == (15, "", [])

    put(book, *TIERS)
    rating.rate(store=store, at=NOW)

    after = StoreRating.objects.get(store=store)
    assert [each["action"] for each in after.in_force] == ["suspended"]


def test_the_dispatcher_does_what_a_switch_asked_for(store: Store, book: Rulebook) -> None:
    at = datetime.now(UTC)
    put(book, "milestone.tier_1", at=at)

    run_due(at=at + timedelta(minutes=1), kind="scoring.next")

    assert StoreRating.objects.get(store=store).milestone == "tier_1"


def test_expiries_written_follow_the_figures_that_count(agency: Agency) -> None:
    us = make_store(market="US")
    violation = make_violation(store=us, points=-8, reported_at=NOW - DAY)
    ledger.keep_violation(violation=violation, at=NOW - DAY, by=None)
    violation.points = -12
    violation.save()
    ledger.keep_violation(violation=violation, at=NOW, by=None)

    second = LedgerEntry.objects.order_by("-recorded_at").first()
    assert second is not None
    assert (second.points, second.expires_at) == (-4, NOW - DAY + 180 * DAY)


def test_each_figure_switched_leaves_a_line_in_the_trail(agency: Agency, book: Rulebook) -> None:
    member = make_membership()
    figures.switch(book=book, figures=TIERS[:2], is_on=True, at=NOW, by=member)
    figures.switch(book=book, figures=TIERS[:1], is_on=False, at=NOW, by=member)

    rows = AuditEvent.objects.filter(object_type="scoring.figureswitch").order_by("pk")
    assert [(row.action, row.object_name, row.changes, row.member_id) for row in rows] == [
        ("figure.switched_on", f"{PH} · milestone.tier_1", {"stores": 0}, member.pk),
        ("figure.switched_on", f"{PH} · milestone.tier_2", {"stores": 0}, member.pk),
        ("figure.switched_off", f"{PH} · milestone.tier_1", {"stores": 0}, member.pk),
    ]


def test_what_stands_so_already_is_left_alone_and_refused_where_it_is_all(
    agency: Agency, book: Rulebook
) -> None:
    put(book, *TIERS[:1])
    put(book, *TIERS[:2])

    with pytest.raises(figures.SwitchedAlready):
        put(book, *TIERS[:2])
    with pytest.raises(figures.SwitchedAlready):
        put(book, TIERS[4], is_on=False)
    assert FigureSwitch.objects.count() == 2


@pytest.mark.parametrize("name", ["resets", "start", "milestone.tier_9", ""])
def test_what_does_not_rest_on_third_parties_is_no_figure_to_switch(
    agency: Agency, book: Rulebook, name: str
) -> None:
    with pytest.raises(figures.NoSuchFigure):
        put(book, name)


# --- the page ------------------------------------------------------------------------------------


def test_admin_lets_all_tiers_count_from_the_page(
    store: Store, book: Rulebook, client_for: ClientFor
) -> None:
    browser = client_for(make_membership("admin"))
    page = browser.get(f"/rulebooks/{PH}/").content.decode()
    assert "1 store of your agency is rated anew at once" in page

    answer = browser.post(
        f"/rulebooks/{PH}/figures/", {"figures": TIERS, "is_on": "on"}, follow=True
    )

    assert told(book) == set(TIERS)
    shown = answer.content.decode()
    assert "Done. 1 store is rated anew." in shown
    assert "No milestone counts as it stands." not in shown
    assert "counts, as you chose" in shown


@pytest.mark.parametrize("role", ["lead", "specialist", "auditor", "client"])
def test_who_may_not_change_the_agency_sees_figures_without_a_switch(
    agency: Agency, book: Rulebook, client_for: ClientFor, role: str
) -> None:
    browser = client_for(make_membership(role))

    page = browser.get(f"/rulebooks/{PH}/").content.decode()
    answer = browser.post(f"/rulebooks/{PH}/figures/", {"figures": TIERS, "is_on": "on"})

    assert "shown, does not count" in page
    assert "data-opens" not in page.split('id="figures"')[1].split("</section>")[0]
    assert (answer.status_code, told(book)) == (403, set())


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({"is_on": "on"}, ["figures"]),
        ({"figures": ["resets"], "is_on": "on"}, ["figures"]),
        ({"figures": ["milestone.tier_1\x00"], "is_on": "on"}, ["figures"]),
        ({"figures": ["milestone.tier_1"], "is_on": "maybe"}, ["is_on"]),
        ({}, ["figures", "is_on"]),
    ],
)
def test_page_names_the_field_that_it_cannot_read(
    agency: Agency, book: Rulebook, client_for: ClientFor, sent: Any, fields: list[str]
) -> None:
    answer = client_for(make_membership("owner")).post(f"/rulebooks/{PH}/figures/", sent)

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, fields)
    assert told(book) == set()


def test_page_says_that_nothing_was_to_switch(agency: Agency, client_for: ClientFor) -> None:
    answer = client_for(make_membership("owner")).post(
        f"/rulebooks/{PH}/figures/", {"figures": TIERS[:1], "is_on": "off"}, follow=True
    )

    assert "It does not count anyway." in answer.content.decode()


def test_another_agencys_switch_is_not_ours(
    agency: Agency, other_agency: Agency, book: Rulebook
) -> None:
    with scope.agency(other_agency):
        put(book, *TIERS)
        assert told(book) == set(TIERS)

    assert told(book) == set()


def test_settings_say_how_many_figures_count(
    agency: Agency, book: Rulebook, client_for: ClientFor
) -> None:
    browser = client_for(make_membership("owner"))
    assert "No figure of third parties counts." in browser.get("/settings/").content.decode()

    put(book, *TIERS[:2])

    assert "2 figures of third parties count" in browser.get("/settings/").content.decode()


# --- the API -------------------------------------------------------------------------------------


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def test_api_lists_the_rulebooks(api: Api, store: Store) -> None:
    status, body = api.get("rulebooks/", marketplace="shopee", market="PH")

    assert (status, body["next"], body["previous"]) == (200, None, None)
    assert {each["name"]: (each["state"], each["stores"]) for each in body["results"]} == {
        PH: ("in_force", 1),
        "shopee/PH/local/2025-10-06": ("past", 0),
        "shopee/PH/cross_border/2025-12-29": ("in_force", 0),
        "shopee/PH/cross_border/2025-10-06": ("past", 0),
    }
    assert body["results"][0]["until"] is None


@pytest.mark.parametrize("field", ["marketplace", "market"])
def test_api_names_the_filter_that_no_rulebook_has(api: Api, field: str) -> None:
    status, body = api.get("rulebooks/", **{field: "ebay"})

    assert (status, codes(body)) == (400, [("invalid", field)])


def test_api_tells_a_rulebook_with_each_figures_source(
    api: Api, agency: Agency, book: Rulebook
) -> None:
    put(book, "milestone.tier_1")

    status, body = api.get(f"rulebooks/{PH}/")

    facts = {
        section["code"]: {fact["code"]: fact for fact in section["facts"]}
        for section in body["sections"]
    }
    assert (status, body["before"], body["after"]) == (200, "shopee/PH/local/2025-10-06", None)
    assert facts["time"]["resets"] == {
        "code": "resets",
        "label": "All points go",
        "value": "on the last Monday of each quarter, 00:00",
        "raw": "last_monday_of_quarter",
        "source": "Shopee Philippines' announcement of the last Monday of the quarter, as told by"
        " bigseller.com, article 4172",
        "date": "2025-12-22",
        "trust": "O*",
        "figure": None,
        "counts": True,
    }
    tiers = facts["milestones"]
    assert (tiers["tier_1"]["raw"], tiers["tier_1"]["figure"]) == (
        {"measure": "points_deducted", "at": 3},
        "milestone.tier_1",
    )
    assert (tiers["tier_1"]["counts"], tiers["tier_2"]["counts"]) == (True, False)
    assert facts["targets"]["shop_rating"]["raw"] == {
        "comparator": ">=",
        "value": "4.5",
        "unit": "stars",
    }


def test_api_tells_what_differs_alone(api: Api) -> None:
    status, body = api.get("rulebooks/shopee/PH/local/2025-10-06/difference/", to=PH)

    assert (status, body["left"], body["right"]) == (200, "shopee/PH/local/2025-10-06", PH)
    (rows,) = [each["rows"] for each in body["sections"] if each["code"] == "time"]
    assert [
        (row["code"], row["kind"], row["left"]["raw"], row["right"]["raw"]) for row in rows
    ] == [("resets", "changed", "first_monday_of_quarter", "last_monday_of_quarter")]


@pytest.mark.parametrize("query", [{}, {"to": "nothing"}, {"to": "a\x00b"}])
def test_api_names_what_it_cannot_compare_with(api: Api, query: dict[str, str]) -> None:
    status, body = api.get(f"rulebooks/{PH}/difference/", **query)

    assert (status, codes(body)) == (400, [("invalid", "to")])


@pytest.mark.parametrize("path", ["", "difference/"])
def test_api_knows_no_rulebook_of_another_name(api: Api, path: str) -> None:
    assert api.get(f"rulebooks/tiktok_shop/DE/local/2026-01-01/{path}")[0] == 404


def test_api_switches_figures(api: Api, store: Store, book: Rulebook) -> None:
    sent = {"figures": [*TIERS[:2], TIERS[0]], "is_on": True}

    assert api.post(f"rulebooks/{PH}/figures/", sent) == (
        200,
        {"figures": list(TIERS[:2]), "is_on": True, "stores": 1},
    )
    status, body = api.post(f"rulebooks/{PH}/figures/", sent)
    assert (status, codes(body)) == (409, [("switched_already", None)])
    assert told(book) == set(TIERS[:2])
    assert {row.via for row in AuditEvent.objects.filter(action="figure.switched_on")} == {"api"}


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({}, ["figures", "is_on"]),
        ({"figures": [], "is_on": True}, ["figures"]),
        ({"figures": "milestone.tier_1", "is_on": True}, ["figures"]),
        ({"figures": ["resets"], "is_on": True}, ["figures"]),
        ({"figures": ["milestone.tier_1"], "is_on": "perhaps"}, ["is_on"]),
        ({"figures": ["milestone.tier_1"], "is_on": True, "why": "so"}, ["why"]),
    ],
)
def test_api_names_the_field_that_it_cannot_read(
    api: Api, book: Rulebook, sent: Any, fields: list[str]
) -> None:
    status, body = api.post(f"rulebooks/{PH}/figures/", sent)

    assert (status, [field for _code, field in codes(body)]) == (400, fields)
    assert told(book) == set()


def test_api_lets_no_key_that_only_reads_or_has_listed_stores_switch(
    agency: Agency, store: Store, book: Rulebook
) -> None:
    sent = {"figures": list(TIERS), "is_on": True}
    reader = Api(make_api_key(agency, "read"), agency)
    of_one = Api(make_api_key(agency, store_ids=[store.pk]), agency)

    assert reader.post(f"rulebooks/{PH}/figures/", sent)[0] == 403
    assert of_one.post(f"rulebooks/{PH}/figures/", sent)[0] == 403
    assert of_one.get(f"rulebooks/{PH}/")[1]["stores"] == 1
    assert told(book) == set()


def test_page_says_an_order_bonus_whole(agency: Agency, client_for: ClientFor) -> None:
    answer = client_for(make_membership()).get("/rulebooks/tiktok_shop/US/local/2025-10-14/")

    assert [each["words"] for each in answer.context["switches"]] == [
        "Points for orders: 4 points for 200 orders, at most 20 at a time"
    ]
