"""The REST API: keys, scopes, pages, idempotency, and what each resource takes and gives."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from scoring.models import LedgerEntry, PlatformRating
from stores.models import Reading, Store, Violation
from tenants import scope
from tenants.models import Agency, ApiKey
from tenants.services.keys import note_use
from tenants.trail.models import AuditEvent
from tests.api.calls import Api, codes, make_api_key
from tests.factories import NOW, PUBLIC_HOST, make_client, make_group, make_store, make_violation

ISO = "2026-11-20T09:00:00+00:00"


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer x", "Basic abc", "Bearer ahr_live_AAAAAAAA_" + "x" * 32, "Bearer é"],
)
def test_without_a_live_key_the_api_answers_401(agency: Agency, header: str) -> None:
    client = Client(
        headers={"host": PUBLIC_HOST, "authorization": header.encode().decode("latin-1")}
    )
    assert client.get("/api/v1/stores/").status_code == 401


def test_a_key_names_its_agency_on_the_public_host(agency: Agency) -> None:
    store = make_store(name="Ours")
    status, body = Api(make_api_key(agency), agency, public=True).get("stores/")
    assert (status, [row["id"] for row in body["results"]]) == (200, [str(store.pk)])


def test_a_key_is_worth_nothing_on_another_agencys_host(
    agency: Agency, other_agency: Agency
) -> None:
    make_store()
    status, _ = Api(make_api_key(agency), other_agency).get("stores/")
    assert status == 401


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_a_key_that_ended_is_refused(agency: Agency, end: str) -> None:
    key = make_api_key(agency)
    ApiKey.objects.update(**{end: NOW})
    assert Api(key, agency).get("stores/")[0] == 401


def test_a_reading_key_may_not_write(agency: Agency) -> None:
    api = Api(make_api_key(agency, "read"), agency)
    status, body = api.post("stores/", {"name": "S", "marketplace": "tiktok_shop", "market": "US"})
    assert (status, codes(body), Store.objects.count()) == (
        403,
        [("permission_denied", None)],
        0,
    )


def test_a_key_of_listed_stores_sees_no_others(agency: Agency) -> None:
    listed, hidden = make_store(name="Listed"), make_store(name="Hidden")
    violation = make_violation(store=hidden)
    api = Api(make_api_key(agency, store_ids=[listed.pk]), agency)
    seen = [row["name"] for row in api.get("stores/")[1]["results"]]
    assert seen == ["Listed"]
    statuses = [
        api.get(path)[0]
        for path in (
            f"stores/{hidden.pk}/",
            f"stores/{hidden.pk}/rating/",
            f"stores/{hidden.pk}/ledger/",
            f"stores/{hidden.pk}/platform-ratings/",
            f"violations/{violation.pk}/",
            f"readings/?store={hidden.pk}",
            f"sync-runs/?store={hidden.pk}",
            f"packages/?store={hidden.pk}",
            f"after-sales/?store={hidden.pk}",
            f"stock/?store={hidden.pk}",
            f"balance-entries/?store={hidden.pk}",
            f"orders/?store={hidden.pk}",
            f"mail-routes/?store={hidden.pk}",
            f"notices/?store={hidden.pk}",
        )
    ]
    assert statuses == [404] * 14
    assert api.get("violations/")[1]["results"] == []


def test_another_agencys_ids_are_not_found(agency: Agency, other_agency: Agency, api: Api) -> None:
    with scope.agency(other_agency):
        theirs = make_store()
        violation = make_violation(store=theirs)
    paths = [
        f"stores/{theirs.pk}/",
        f"stores/{theirs.pk}/rating/",
        f"stores/{theirs.pk}/ledger/",
        f"violations/{violation.pk}/",
    ]
    assert [api.get(path)[0] for path in paths] == [404] * 4


# --- stores --------------------------------------------------------------------------------------


def test_a_store_is_added_shown_and_changed(agency: Agency, api: Api) -> None:
    make_client(name="Fernwood")
    make_group(name="Black Friday")
    status, made = api.post(
        "stores/",
        {
            "name": "Fernwood Kitchen",
            "marketplace": "tiktok_shop",
            "market": "US",
            "client": "Fernwood",
            "groups": ["Black Friday"],
        },
    )
    assert status == 201
    status, changed = api.patch(f"stores/{made['id']}/", {"name": "Fernwood Home"})
    assert (status, changed) == (200, made | {"name": "Fernwood Home"})
    assert (made["client"], made["groups"], made["time_zone"], made["band"]) == (
        "Fernwood",
        ["Black Friday"],
        "America/Los_Angeles",
        "unknown",
    )
    written = AuditEvent.objects.filter(via="api").order_by("at", "pk")
    assert [event.action for event in written] == ["store.created", "store.edited"]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("required", "name"), ("required", "marketplace"), ("required", "market")]),
        (
            {"name": "S", "marketplace": "amazon", "market": "US"},
            [("invalid_choice", "marketplace")],
        ),
        ({"name": "S", "marketplace": "shopee", "market": "XX"}, [("invalid_choice", "market")]),
        (
            {"name": "S" * 121, "marketplace": "shopee", "market": "US"},
            [("max_length", "name")],
        ),
        (
            {"name": "S\x00", "marketplace": "shopee", "market": "US"},
            [("null_characters_not_allowed", "name")],
        ),
        (
            {"name": "S", "marketplace": "shopee", "market": "US", "client": "Nobody"},
            [("does_not_exist", "client")],
        ),
        (
            {"name": "S", "marketplace": "shopee", "market": "US", "nmae": 1},
            [("unknown_field", "nmae")],
        ),
        ([], [("invalid", "non_field_errors")]),
        ("text", [("invalid", "non_field_errors")]),
    ],
    ids=["empty", "marketplace", "market", "long", "NUL", "client", "typing error", "list", "text"],
)
def test_a_bad_store_is_refused_by_field(
    agency: Agency, api: Api, body: Any, errors: list[tuple[str, str | None]]
) -> None:
    status, answer = api.post("stores/", json.dumps(body))
    assert (status, codes(answer), Store.objects.count()) == (400, errors, 0)


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe{\x00}", b"[1,2", b"NaN" * 9, b""])
def test_a_body_that_is_no_json_is_refused(agency: Agency, api: Api, body: bytes) -> None:
    answer = api.client.post("/api/v1/stores/", body, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize("pk", ["1", "x", "%00", "00000000-0000-0000-0000-000000000000", "a" * 99])
def test_an_id_that_is_none_is_not_found(agency: Agency, api: Api, pk: str) -> None:
    assert api.get(f"stores/{id}/")[0] == 404


def test_pages_go_forth_and_back_by_cursor(agency: Agency, api: Api) -> None:
    for name in "abcde":
        make_store(name=name)
    names, path = [], "stores/?limit=2"
    pages = []
    while path:
        body = api.get(path)[1]
        pages.append(body)
        names.append([row["name"] for row in body["results"]])
        path = (body["next"] or "").partition("/api/v1/")[2]
    back = api.get(pages[-1]["previous"].partition("/api/v1/")[2])[1]
    assert names == [["a", "b"], ["c", "d"], ["e"]]
    assert [row["name"] for row in back["results"]] == ["c", "d"]
    assert pages[0]["previous"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=e30=", "ordering=rating"]
)
def test_a_page_that_cannot_be_is_refused(agency: Agency, api: Api, query: str) -> None:
    status, body = api.get(f"stores/?{query}")
    assert (status, [attr for _code, attr in codes(body)]) == (
        400,
        [query.split("=", maxsplit=1)[0]],
    )


def test_a_cursor_of_another_list_is_refused(agency: Agency, api: Api) -> None:
    for _ in range(3):
        make_store()
    link = api.get("stores/?limit=1")[1]["next"].partition("/api/v1/")[2]
    assert api.get(link.replace("limit=1", "market=US"))[0] == 400


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_same_number_of_queries_for_any_number_of_rows(
    agency: Agency, api: Api, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for _ in range(rows):
        make_group(stores=[make_store()])
    api.get("stores/")  # host and key are remembered
    # The key outside the scope; the rows in it; around both the way into the role and back.
    with django_assert_num_queries(11):
        api.get("stores/")


# --- violations ----------------------------------------------------------------------------------


def test_a_violation_is_recorded_and_the_answer_carries_the_new_rating(
    agency: Agency, api: Api
) -> None:
    store = make_store(market="US")
    status, body = api.post(
        "violations/",
        {"store": str(store.pk), "reference": "V-1", "points": -24, "reported_at": ISO},
    )
    assert (status, body["points"], body["rating"], body["state"]) == (201, -24, 176, "enforced")


def test_a_repeated_reference_updates_and_never_doubles(agency: Agency, api: Api) -> None:
    store = make_store(market="US")
    body = {"store": str(store.pk), "reference": "V-1", "points": -24, "reported_at": ISO}
    first = api.post("violations/", body)
    second = api.post("violations/", body | {"points": -10})
    assert (first[0], second[0], second[1]["rating"]) == (201, 200, 190)
    assert Violation.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"points": 5}, 409, [("violation_unusable", None)]),
        ({"points": -1001}, 409, [("violation_unusable", None)]),
        ({"points": "many"}, 400, [("invalid", "points")]),
        ({"points": -(10**30)}, 400, [("min_value", "points")]),
        ({"reported_at": "2026-11-20T09:00:00"}, 400, [("no_offset", "reported_at")]),
        ({"reported_at": "2099-01-01T00:00:00Z"}, 409, [("violation_unusable", None)]),
        ({"store": "nope"}, 400, [("does_not_exist", "store")]),
        ({"points_range": [9, 3]}, 409, [("violation_unusable", None)]),
        ({"state": "open"}, 400, [("invalid_choice", "state")]),
    ],
)
def test_a_bad_violation_is_refused_and_nothing_is_written(
    agency: Agency, api: Api, change: dict[str, Any], status: int, errors: list[Any]
) -> None:
    body = {"store": str(make_store().pk), "points": -4, "reported_at": ISO} | change
    answer = api.post("violations/", body)
    assert (answer[0], codes(answer[1])) == (status, errors)
    assert (Violation.objects.count(), LedgerEntry.objects.count()) == (0, 0)


def test_a_violation_is_patched_but_keeps_its_store(agency: Agency, api: Api) -> None:
    violation = make_violation(points=-8)
    status, body = api.patch(f"violations/{violation.pk}/", {"state": "lapsed"})
    assert (status, body["state"], body["rating"]) == (200, "lapsed", 200)
    moved = api.patch(f"violations/{violation.pk}/", {"store": str(make_store().pk)})
    assert moved[0] == 400


def test_a_violation_of_a_rule_that_no_rulebook_knows_is_taken_and_flagged(
    agency: Agency, api: Api
) -> None:
    # given a store whose marketplace shows its rating
    store = make_store(market="US")
    api.post(f"stores/{store.pk}/platform-ratings/", {"value": 200})

    # when
    body = {"store": str(store.pk), "rule": "knockoff", "reported_at": ISO}
    status, told = api.post("violations/", body)
    api.post("violations/", body | {"rule": "knock_off", "reference": "V-2"})

    # then it takes no estimated points, and the rating says that something is missing
    assert (status, told["unknown_rule"]["rulebook"], told["unknown_rule"]["near"]) == (
        201,
        "tiktok_shop/US/local/2025-10-14",
        ["knock_off"],
    )
    assert (told["rating"], told["standing"]) == (200, "incomplete")
    assert not LedgerEntry.objects.filter(rule="knockoff").exists()

    # and it is found
    found = api.get("violations/", unknown_rule="true")[1]["results"]
    assert [row["id"] for row in found] == [told["id"]]
    assert sorted(row["unknown_rule"] is None for row in api.get("violations/")[1]["results"]) == [
        False,
        True,
    ]
    assert api.get("violations/", unknown_rule="no")[0] == 400


def test_a_violation_may_have_another_rule_or_none(agency: Agency, api: Api) -> None:
    body = {"store": str(make_store().pk), "points": -4, "reported_at": ISO}
    answers = [api.post("violations/", body | more)[1] for more in ({}, {"rule": "other"})]
    assert [(row["rule"], row["unknown_rule"]) for row in answers] == [("other", None)] * 2


def test_the_list_of_violations_asks_the_same_number_of_queries_for_one_and_for_three(
    agency: Agency, api: Api, django_assert_max_num_queries: Any
) -> None:
    make_violation(rule="made_up_rule")
    api.get("violations/")  # notes that the key is used
    with django_assert_max_num_queries(1000) as one:
        api.get("violations/", unknown_rule="true")
    for _ in range(2):
        make_violation(store=make_store(), rule="made_up_rule")
    with django_assert_max_num_queries(1000) as three:
        assert len(api.get("violations/", unknown_rule="true")[1]["results"]) == 3
    assert len(one.captured_queries) == len(three.captured_queries)


# --- idempotency ---------------------------------------------------------------------------------


def test_the_same_key_and_body_give_the_same_answer_and_one_effect(
    agency: Agency, api: Api
) -> None:
    body = {"store": str(make_store().pk), "points": -4, "reported_at": ISO}
    answers = [api.post("violations/", body, **{"idempotency-key": "k1"}) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert (answers[0][0], Violation.objects.count()) == (201, 1)


def test_the_same_key_with_another_body_is_a_422(agency: Agency, api: Api) -> None:
    body = {"store": str(make_store().pk), "points": -4, "reported_at": ISO}
    api.post("violations/", body, **{"idempotency-key": "k1"})
    status, answer = api.post("violations/", body | {"points": -5}, **{"idempotency-key": "k1"})
    assert (status, codes(answer)) == (422, [("key_reused", None)])


# --- readings, ledger, ratings -------------------------------------------------------------------


def test_a_reading_is_pushed_and_listed(agency: Agency, api: Api) -> None:
    store = make_store()
    moment = (NOW - timedelta(hours=1)).isoformat()
    body = {"store": str(store.pk), "metric": "balance", "value": "-12.5", "measured_at": moment}
    status, made = api.post("readings/", body)
    listed = api.get("readings/", metric="balance")[1]["results"]
    assert (status, listed) == (201, [made])
    assert (made["value"], made["source"]) == (-12.5, "integration")


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"metric": "weather"}, "metric"),
        ({"value": "NaN"}, "value"),
        ({"value": "1e400"}, "value"),
        ({"measured_at": "yesterday"}, "measured_at"),
        ({"store": None}, "store"),
    ],
)
def test_a_bad_reading_is_refused_by_field(
    agency: Agency, api: Api, change: dict[str, Any], attr: str
) -> None:
    body = {"store": str(make_store().pk), "metric": "balance", "value": 1, "measured_at": ISO}
    status, answer = api.post("readings/", body | change)
    assert (status, [name for _code, name in codes(answer)]) == (400, [attr])
    assert Reading.objects.count() == 0


def test_the_rating_is_told_at_any_moment_by_what_was_known_then(agency: Agency, api: Api) -> None:
    # given a violation of the 10th that we heard of on the 20th
    store = make_store(market="US")
    body = {"store": str(store.pk), "points": -24, "reported_at": "2026-11-10T09:00:00Z"}
    api.post("violations/", body)
    path = f"stores/{store.pk}/rating/?at=2026-11-12T00:00:00Z"
    # then
    now = api.get(path)[1]
    then = api.get(f"{path}&known_at=2026-11-12T00:00:00Z")[1]
    assert (now["rating"], then["rating"]) == (176, 200)
    assert now["milestones"][0].keys() == {"code", "measure", "at", "distance", "reached"}


def test_an_adjustment_and_its_mending_are_written_to_the_ledger(agency: Agency, api: Api) -> None:
    store = make_store(market="US")
    bonus = api.post(f"stores/{store.pk}/ledger/", {"kind": "bonus", "points": 4, "note": "Quiz"})
    back = api.post(
        f"stores/{store.pk}/ledger/",
        {"kind": "reversal", "points": -4, "reverses": bonus[1]["id"], "reason": "mistake"},
    )
    listed = api.get(f"stores/{store.pk}/ledger/")[1]["results"]
    assert (bonus[0], back[0], sorted(row["points"] for row in listed)) == (201, 201, [-4, 4])
    assert api.get(f"stores/{store.pk}/rating/")[1]["rating"] == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "bonus", "points": -4}, 409),
        ({"kind": "deduction", "points": 4}, 409),
        ({"kind": "reversal", "points": 4}, 400),
        ({"kind": "bonus", "points": 4, "counts_as": "none"}, 400),
        ({"kind": "adjustment", "points": 4}, 400),
        ({"kind": "bonus", "points": 4, "occurred_at": "2099-01-01T00:00:00Z"}, 409),
        ({"kind": "deduction", "points": -4, "rule": "no_such_rule"}, 400),
        ({"kind": "bonus", "points": 4, "expires_at": "2026-01-01T00:00:00Z"}, 400),
    ],
)
def test_a_bad_entry_is_refused(
    agency: Agency, api: Api, body: dict[str, Any], status: int
) -> None:
    store = make_store()
    assert api.post(f"stores/{store.pk}/ledger/", body)[0] == status
    assert LedgerEntry.objects.count() == 0


def test_a_bad_entry_is_refused_by_name(agency: Agency, api: Api) -> None:
    store, other = make_store(market="VN"), make_store(market="VN")
    path = f"stores/{store.pk}/ledger/"
    foreign = api.post(f"stores/{other.pk}/ledger/", {"kind": "bonus", "points": 4})[1]["id"]
    body = {"kind": "deduction", "points": -4, "rule": "knock_off", "source_ref": "erp-1"}
    entry = api.post(path, body)[1]
    back = {"kind": "reversal", "reason": "granted"}

    refusals = {
        "unknown rule": {"kind": "deduction", "points": -4, "rule": "counterfiet"},
        "same reference": body,
        "too much back": {**back, "points": 5, "reverses": entry["id"]},
        "another store's": {**back, "points": -4, "reverses": foreign},
    }
    told = {name: api.post(path, given) for name, given in refusals.items()}
    assert {name: (status, codes(answer)) for name, (status, answer) in told.items()} == {
        "unknown rule": (400, [("invalid", "rule")]),
        "same reference": (409, [("written_already", None)]),
        "too much back": (409, [("reversal_exceeds", None)]),
        "another store's": (400, [("invalid", "reverses")]),
    }
    assert LedgerEntry.objects.filter(store=store).count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("occurred_at", ISO), ("expires_at", ISO), ("rule", "counterfeit"), ("source_ref", "r-1")],
)
def test_a_reversal_is_refused_what_it_has_of_its_entry(
    agency: Agency, api: Api, field: str, value: str
) -> None:
    path = f"stores/{make_store(market='US').pk}/ledger/"
    entry = api.post(path, {"kind": "bonus", "points": 4})[1]
    back = {"kind": "reversal", "points": -4, "reverses": entry["id"], "reason": "mistake"}
    status, answer = api.post(path, back | {field: value})
    assert (status, codes(answer)) == (400, [("invalid", field)])


def test_a_rating_is_refused_where_the_rulebook_counts_points_alone(
    agency: Agency, api: Api
) -> None:
    path = f"stores/{make_store(marketplace='shopee', market='PH').pk}/platform-ratings/"
    refused = api.post(path, {"value": 3, "measure": "rating"})
    assert (refused[0], codes(refused[1])) == (409, [("not_a_platform_rating", None)])
    assert api.post(path, {"value": 3, "measure": "points_deducted"})[0] == 201


def test_points_outside_the_rulebooks_range_are_taken_and_flagged(agency: Agency, api: Api) -> None:
    store = make_store(market="VN")
    body = {"store": str(store.pk), "rule": "knock_off", "reported_at": ISO}
    for points in (-4, -5):
        assert api.post("violations/", {**body, "points": points})[0] == 201
    rows = api.get(f"stores/{store.pk}/ledger/")[1]["results"]
    assert sorted((row["points"], row["range_missed"]) for row in rows) == [
        (-5, [0, 4]),
        (-4, None),
    ]


def test_a_platform_rating_is_pushed(agency: Agency, api: Api) -> None:
    store = make_store(market="US")
    status, body = api.post(f"stores/{store.pk}/platform-ratings/", {"value": 144})
    assert (status, body["value"], PlatformRating.objects.count()) == (201, 144, 1)
    assert api.get(f"stores/{store.pk}/rating/")[1]["rating"] == 144


# --- the description -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_schema_and_docs_are_open(db: None, path: str) -> None:
    answer = Client(headers={"host": PUBLIC_HOST}).get(path)
    assert answer.status_code == 200


def test_the_schema_names_every_resource(db: None) -> None:
    answer = Client(headers={"host": PUBLIC_HOST, "accept": "application/json"}).get("/api/schema/")
    schema = json.loads(answer.content)
    assert schema["openapi"].startswith("3.1")
    assert sorted(schema["paths"]) == [
        "/api/v1/after-sales/",
        "/api/v1/announcements/",
        "/api/v1/announcements/{id}/read/",
        "/api/v1/balance-entries/",
        "/api/v1/changes/",
        "/api/v1/consent-links/",
        "/api/v1/consent-links/{id}/revoke/",
        "/api/v1/drift/",
        "/api/v1/due-work/",
        "/api/v1/due-work/{id}/replay/",
        "/api/v1/imports/",
        "/api/v1/imports/{id}/",
        "/api/v1/imports/{id}/confirm/",
        "/api/v1/imports/{id}/discard/",
        "/api/v1/imports/{id}/undo/",
        "/api/v1/mail-routes/",
        "/api/v1/notices/",
        "/api/v1/orders/",
        "/api/v1/packages/",
        "/api/v1/pastes/",
        "/api/v1/quizzes/",
        "/api/v1/quizzes/{id}/pass/",
        "/api/v1/quizzes/{id}/withdraw/",
        "/api/v1/readings/",
        "/api/v1/roll-offs/",
        "/api/v1/rulebooks/",
        "/api/v1/rulebooks/{name}/",
        "/api/v1/rulebooks/{name}/difference/",
        "/api/v1/rulebooks/{name}/figures/",
        "/api/v1/setup/",
        "/api/v1/stock/",
        "/api/v1/stores/",
        "/api/v1/stores/{id}/",
        "/api/v1/stores/{id}/drift/",
        "/api/v1/stores/{id}/explanation/",
        "/api/v1/stores/{id}/forecast/",
        "/api/v1/stores/{id}/ledger/",
        "/api/v1/stores/{id}/platform-ratings/",
        "/api/v1/stores/{id}/rating/",
        "/api/v1/stores/{id}/waterfall/",
        "/api/v1/stores/{id}/what-if/",
        "/api/v1/sync-runs/",
        "/api/v1/violations/",
        "/api/v1/violations/{id}/",
    ]


def test_the_schema_tells_that_rulebooks_come_all_at_once(db: None) -> None:
    answer = Client(headers={"host": PUBLIC_HOST, "accept": "application/json"}).get("/api/schema/")
    get = json.loads(answer.content)["paths"]["/api/v1/rulebooks/"]["get"]

    assert [each["name"] for each in get["parameters"]] == ["market", "marketplace"]
    ref = get["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert ref == "#/components/schemas/RulebooksOut"


def test_a_keys_use_is_noted_every_five_minutes(agency: Agency) -> None:
    make_api_key(agency)
    key = ApiKey.objects.get()
    noted = []
    for minutes in (0, 4, 5, 9):
        note_use(key, at=NOW + timedelta(minutes=minutes))
        key.refresh_from_db()
        noted.append(key.last_used_at)
    assert noted == [NOW, NOW, NOW + timedelta(minutes=5), NOW + timedelta(minutes=5)]
