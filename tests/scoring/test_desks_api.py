"""Drift and quizzes by the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scoring.models import LedgerEntry, Quiz
from scoring.services import observations
from stores.models import Store, Violation
from tenants import scope
from tenants.models import Agency
from tests.api.calls import Api, codes, make_api_key
from tests.factories import make_quiz, make_store

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
RULE = "high_late_dispatch_rate"


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


@pytest.fixture
def store(agency: Agency) -> Store:
    """A store whose marketplace shows twelve points less than we do, since yesterday."""
    store = make_store()
    for value, ago in ((200, 20 * DAY), (188, DAY)):
        observations.record_platform_rating(
            store=store, value=value, measure="rating", observed_at=NOW - ago, source="person",
            at=NOW - ago, by=None,
        )  # fmt: skip
    return store


def proposal(api: Api, store: Store) -> dict[str, Any]:
    status, body = api.get(f"stores/{store.pk}/drift/")
    assert status == 200
    cause: dict[str, Any] = body["causes"][0]
    return {"cause": cause["cause"], "token": cause["token"]}


# --- drift ----------------------------------------------------------------------------


def test_stores_that_drift_are_listed(api: Api, store: Store) -> None:
    status, body = api.get("drift/")
    assert status == 200
    assert [(row["store"], row["drift"], row["platform_value"]) for row in body["results"]] == [
        (str(store.pk), -12, 188)
    ]


@pytest.mark.parametrize("path", ["drift/", "changes/", "quizzes/"])
def test_lists_keep_to_the_store_asked_for_and_refuse_one_that_is_none(
    agency: Agency, other_agency: Agency, api: Api, store: Store, path: str
) -> None:
    # given rows of another store, and stores that the key does not reach
    make_quiz(store)
    api.post("violations/", {"store": str(store.pk), "points": -2})
    Store.objects.update(created_at=NOW - 60 * DAY)
    quiet = make_store()
    with scope.agency(other_agency):
        theirs = make_store()
    listed = Api(make_api_key(agency, store_ids=[quiet.pk]), agency)

    # then
    assert [row["store"] for row in api.get(path, store=str(store.pk))[1]["results"]] == [
        str(store.pk)
    ]
    assert api.get(path, store=str(quiet.pk))[1]["results"] == []
    assert {api.get(path, store=text)[0] for text in ("", "x", str(theirs.pk))} == {404}
    assert listed.get(path, store=str(store.pk))[0] == 404


def test_a_moment_left_blank_is_refused(api: Api, store: Store) -> None:
    for path in ("rating", "ledger", "explanation", "waterfall"):
        assert api.get(f"stores/{store.pk}/{path}/", known_at="")[0] == 400


def test_a_stores_drift_tells_observations_and_causes(api: Api, store: Store) -> None:
    _status, body = api.get(f"stores/{store.pk}/drift/")
    assert (body["drift"], len(body["observations"])) == (-12, 2)
    assert body["observations"][0] | {"observed_at": ""} == {
        "value": 188,
        "measure": "rating",
        "observed_at": "",
        "ours": 200,
        "drift": -12,
        "differs": True,
    }
    (cause,) = body["causes"]
    assert (cause["cause"], cause["drift_after"]) == ("missed_notice", 0)
    assert cause["takes"]["points"] == 12


def test_the_public_host_tells_causes_and_refuses_an_unknown_one_by_name(
    agency: Agency, store: Store
) -> None:
    public = Api(make_api_key(agency), agency, public=True)
    status, body = public.get(f"stores/{store.pk}/drift/")
    assert (status, [each["cause"] for each in body["causes"]]) == (200, ["missed_notice"])
    status, body = public.post(f"stores/{store.pk}/drift/", {"cause": "zz", "token": "x"})
    assert (status, codes(body)) == (409, [("proposal_stale", None)])


def test_acting_on_a_cause_answers_the_new_drift(api: Api, store: Store) -> None:
    status, body = api.post(f"stores/{store.pk}/drift/", proposal(api, store) | {"rule": RULE})
    assert (status, body["drift"], body["causes"]) == (200, 0, [])
    assert Violation.objects.get().source == "integration"


def test_a_stale_proposal_answers_409(api: Api, store: Store) -> None:
    sent = proposal(api, store) | {"rule": RULE}
    assert api.post(f"stores/{store.pk}/drift/", sent)[0] == 200
    status, body = api.post(f"stores/{store.pk}/drift/", sent)
    assert (status, codes(body)) == (409, [("proposal_stale", None)])
    assert Violation.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"rule": "no_such"}, "rule"),
        ({}, "rule"),
        ({"rule": RULE, "points": 0}, "points"),
        ({"rule": RULE, "occurred_at": "2026-01-01"}, "occurred_at"),
        ({"rule": RULE, "occurred_at": (NOW + DAY).isoformat()}, "occurred_at"),
        ({"rule": RULE, "reason": "mistake"}, "reason"),
        ({"rule": RULE, "expires_at": NOW.isoformat()}, "expires_at"),
        ({"rule": RULE, "force": True}, "force"),
    ],
)
def test_bad_input_is_named(api: Api, store: Store, changes: dict[str, Any], error: str) -> None:
    status, body = api.post(f"stores/{store.pk}/drift/", proposal(api, store) | changes)
    assert (status, [attr for _code, attr in codes(body)]) == (400, [error])
    assert not Violation.objects.exists()


def test_keys_reach_only_their_own(
    api: Api, store: Store, agency: Agency, other_agency: Agency
) -> None:
    sent = proposal(api, store) | {"rule": RULE}
    reader = Api(make_api_key(agency, "read"), agency)
    assert reader.post(f"stores/{store.pk}/drift/", sent)[0] == 403
    narrow = Api(make_api_key(agency, store_ids=[make_store().pk]), agency)
    assert narrow.get(f"stores/{store.pk}/drift/")[0] == 404
    assert narrow.get("drift/")[1]["results"] == []
    foreign = Api(make_api_key(other_agency), other_agency)
    assert foreign.get(f"stores/{store.pk}/drift/")[0] == 404
    assert foreign.get("drift/")[1]["results"] == []
    assert not Violation.objects.exists()


# --- quizzes ----------------------------------------------------------------------------


def quiz(store: Store, **changes: Any) -> dict[str, Any]:
    return {"store": str(store.pk), "kind": "points", "title": "Listing rules", **changes}


def test_a_quiz_is_recorded_and_passed_once(api: Api, store: Store) -> None:
    status, made = api.post("quizzes/", quiz(store, worth=6))
    assert (status, made["worth"], made["state"], made["source"]) == (201, 6, "open", "integration")

    status, passed = api.post(f"quizzes/{made['id']}/pass/", {})
    again = api.post(f"quizzes/{made['id']}/pass/", {})

    assert (status, passed["state"]) == (200, "passed")
    assert (again[0], codes(again[1])) == (409, [("quiz_not_open", None)])
    assert str(LedgerEntry.objects.get().pk) == passed["entry"]


def test_the_same_key_of_a_call_records_one(api: Api, store: Store) -> None:
    for _ in range(2):
        assert api.post("quizzes/", quiz(store), **{"idempotency-key": "once"})[0] == 201
    assert Quiz.objects.count() == 1


def test_a_quiz_is_withdrawn(api: Api, store: Store) -> None:
    made = api.post("quizzes/", quiz(store))[1]
    assert api.post(f"quizzes/{made['id']}/withdraw/", {})[1]["state"] == "withdrawn"
    assert api.post(f"quizzes/{made['id']}/withdraw/", {})[0] == 409
    assert api.get("quizzes/", state="open")[1]["results"] == []
    assert len(api.get("quizzes/", store=str(store.pk))[1]["results"]) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kind": "test"}, "kind"),
        ({"title": ""}, "title"),
        ({"worth": -1}, "worth"),
        ({"worth": 2.5}, "worth"),
        ({"open_until": "2020-01-01T00:00:00Z"}, "open_until"),
        ({"milestone": "rating_150"}, "milestone"),
        ({"kind": "milestone"}, "milestone"),
        ({"kind": "milestone", "milestone": "rating_7"}, "milestone"),
        ({"kind": "milestone", "milestone": "rating_150"}, "milestone"),  # not reached
        ({"kind": "milestone", "milestone": "rating_150", "worth": 3}, "worth"),
        ({"store": "x"}, "store"),
        ({"points": 3}, "points"),
    ],
)
def test_a_quiz_that_cannot_be_is_refused_by_name(
    api: Api, store: Store, changes: dict[str, Any], error: str
) -> None:
    status, body = api.post("quizzes/", quiz(store) | changes)
    assert (status, [attr for _code, attr in codes(body)]) == (400, [error])
    assert not Quiz.objects.exists()


def test_a_pass_names_what_is_missing(api: Api, store: Store) -> None:
    points = api.post("quizzes/", quiz(store))[1]
    status, body = api.post(f"quizzes/{points['id']}/pass/", {})
    assert (status, codes(body)[0][1]) == (400, "points")
    api.post("violations/", {"store": str(store.pk), "points": -60})
    milestone = api.post("quizzes/", quiz(store, kind="milestone", milestone="rating_150"))[1]
    too_late = {"ends_at": (NOW + 30 * DAY).isoformat()}
    for body in ({}, too_late):
        status, answer = api.post(f"quizzes/{milestone['id']}/pass/", body)
        assert (status, codes(answer)[0][1]) == (400, "ends_at")


def test_quizzes_of_others_are_not_found(
    api: Api, store: Store, agency: Agency, other_agency: Agency
) -> None:
    made = api.post("quizzes/", quiz(store))[1]
    narrow = Api(make_api_key(agency, store_ids=[make_store().pk]), agency)
    foreign = Api(make_api_key(other_agency), other_agency)
    for stranger in (narrow, foreign):
        assert stranger.get("quizzes/")[1]["results"] == []
        assert stranger.post(f"quizzes/{made['id']}/pass/", {"points": 3})[0] == 404
        assert stranger.post(f"quizzes/{made['id']}/withdraw/", {})[0] == 404
        assert stranger.post("quizzes/", quiz(store))[0] == 400
    assert Quiz.objects.get().state == "open"
