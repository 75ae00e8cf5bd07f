"""What no integration means: moments at the calendar's ends, and bodies that are hardly JSON."""

import base64
import json
from collections.abc import Iterator
from functools import cache
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from scoring.models import LedgerEntry
from stores.models import Reading, Violation
from tenants.models import Agency, ApiKey
from tests.api.calls import Api, codes, make_api_key
from tests.factories import PUBLIC_HOST, make_import, make_quiz, make_store, make_violation

EXTREMES = [
    f"{moment}{offset}"
    for moment in ("0001-01-01T00:00:00", "1900-01-01T00:00:00", "9999-12-31T23:59:59")
    for offset in ("Z", "+14:00", "-14:00")
]
HALF_A_PAIR = r"\ud800"
DEEP = {
    "lists": "[" * 20_000 + "]" * 20_000,
    "objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "within a field": '{"rule":' + "[" * 900 + "]" * 900 + "}",
    "open": "[" * 20_000,
}


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


@cache
def _schema() -> dict[str, Any]:
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    schema: dict[str, Any] = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    return schema


def _calls() -> Iterator[tuple[str, str, str]]:
    """Yield (method, path, moment) of every moment that the API takes, from its own schema."""
    schema = _schema()
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            for parameter in told.get("parameters", ()):
                if parameter["schema"].get("format") == "date-time":
                    yield method, path, parameter["name"]
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
            fields = schema["components"]["schemas"].get(name, {}).get("properties", {})
            for field, kind in fields.items():
                if kind.get("format") == "date-time":
                    yield method, path, field


def _posts() -> list[str]:
    return [path for path, methods in _schema()["paths"].items() if "post" in methods]


def _filled(path: str) -> str:
    made: Any = make_violation() if "violations" in path else make_store(market="VN")
    if "quizzes" in path:
        made = make_quiz(made)
    if "imports" in path:
        made = make_import(by=ApiKey.objects.get().made_by)
    path = path.replace("{name}", "tiktok_shop/US/local/2025-10-14")
    return path.removeprefix("/api/v1/").replace("{id}", str(made.pk))


def test_the_walk_finds_every_moment_that_the_api_takes() -> None:
    assert sorted({field for _method, _path, field in _calls()}) == [
        "appeal_by",
        "at",
        "changed_since",
        "correct_by",
        "decided_at",
        "ends_at",
        "enforced_at",
        "expires_at",
        "from",
        "known_at",
        "known_before",
        "measured_at",
        "observed_at",
        "occurred_at",
        "offered_at",
        "open_until",
        "passed_at",
        "reported_at",
        "since",
        "to",
    ]


@pytest.mark.parametrize(("method", "path", "field"), list(_calls()))
def test_a_moment_too_far_off_is_refused_by_field(
    agency: Agency, api: Api, method: str, path: str, field: str
) -> None:
    filled = _filled(path)
    before = (Violation.objects.count(), Reading.objects.count(), LedgerEntry.objects.count())
    for moment in EXTREMES:
        if method == "get":
            status, answer = api.get(filled, **{field: moment})
        else:
            status, answer = getattr(api, method)(filled, {field: moment})
        assert status == 400, moment
        told = {error["attr"]: error["detail"] for error in answer["errors"]}
        assert told[field] == "This date is too far off to be meant.", moment
    after = (Violation.objects.count(), Reading.objects.count(), LedgerEntry.objects.count())
    assert after == before


@pytest.mark.parametrize("path", _posts())
@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP.keys())
def test_a_body_nested_without_end_is_refused(
    agency: Agency, api: Api, path: str, body: str
) -> None:
    status, answer = api.post(_filled(path), body)
    assert (status, len(answer["errors"])) == (400, 1)
    assert len(answer["errors"][0]["detail"]) < 200


@pytest.mark.parametrize("path", _posts())
@pytest.mark.parametrize("text", [HALF_A_PAIR, r"\u0000"])
def test_a_text_that_cannot_be_kept_is_refused_by_field(
    agency: Agency, api: Api, path: str, text: str
) -> None:
    filled = _filled(path)
    bodies = {
        f'{{"kind": "{text}"}}': "kind",
        f'{{"state": ["a", {{"b": "{text}"}}]}}': "state",
        f'{{"state": {{"{text}": 1}}}}': "state",
        f'{{"{text}": 1}}': "non_field_errors",
        f'["{text}"]': "non_field_errors",
        f'"{text}"': "non_field_errors",
    }
    for body, field in bodies.items():
        status, answer = api.post(filled, body)
        assert (status, [attr for _code, attr in codes(answer)]) == (400, [field]), body


@pytest.mark.parametrize("value", ["x" * 100_000, ["x" * 100_000], {"x" * 100_000: 1}, 10**4000])
def test_a_long_value_is_not_told_back(agency: Agency, api: Api, value: Any) -> None:
    status, answer = api.post("violations/", json.dumps({"state": value, "reference": value}))
    assert status == 400
    assert all(len(error["detail"]) < 200 for error in answer["errors"])


def test_many_unknown_fields_are_not_all_told_back(agency: Agency, api: Api) -> None:
    status, answer = api.post("violations/", {f"field{n}": 1 for n in range(1000)})
    assert (status, len(answer["errors"])) == (400, 20)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("violations/", "state"),
        ("stores/", "state"),
        ("stores/", "market"),
        ("stores/", "marketplace"),
        ("readings/", "metric"),
        ("sync-runs/", "data"),
        ("sync-runs/", "state"),
        ("packages/", "state"),
        ("after-sales/", "kind"),
        ("after-sales/", "state"),
        ("notices/", "kind"),
        ("notices/", "state"),
        ("notices/", "trust"),
        ("stock/", "state"),
        ("imports/", "state"),
        ("imports/", "kind"),
        ("orders/", "status"),
        ("orders/", "is_overdue"),
        ("balance-entries/", "kind"),
        ("balance-entries/", "state"),
        ("balance-entries/", "is_policy_deduction"),
        ("announcements/", "marketplace"),
        ("announcements/", "market"),
        ("announcements/", "is_read"),
        ("consent-links/", "state"),
    ],
)
@pytest.mark.parametrize("value", ["zz", "", "\x00"])
def test_a_filter_that_no_row_can_match_is_refused(
    agency: Agency, api: Api, path: str, name: str, value: str
) -> None:
    status, answer = api.get(path, **{name: value})
    assert (status, codes(answer)) == (400, [("invalid", name)])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"kind": "adjustment", "points": 4},
            "Say what it counts as, one of: deduction, bonus, none.",
        ),
        (
            {"kind": "bonus", "points": 4, "counts_as": "none"},
            "Leave this out: only an adjustment takes it.",
        ),
    ],
)
def test_an_entry_is_told_what_counts_as_is_for(
    agency: Agency, api: Api, body: dict[str, Any], words: str
) -> None:
    answer = api.post(f"stores/{make_store().pk}/ledger/", body)[1]
    assert [(error["attr"], error["detail"]) for error in answer["errors"]] == [
        ("counts_as", words)
    ]


def test_a_key_that_is_not_valid_is_told_from_none(agency: Agency) -> None:
    told = []
    for headers in ({}, {"authorization": "Bearer ahr_live_AAAAAAAA_x"}):
        answer = Client(headers={"host": PUBLIC_HOST, **headers}).get("/api/v1/stores/")
        told.append((answer.status_code, codes(json.loads(answer.content))))
    assert told == [(401, [("not_authenticated", None)]), (401, [("authentication_failed", None)])]


@pytest.mark.parametrize("path", ["nothing/", "stores/x/y/z/", "violations/1/2/"])
@pytest.mark.parametrize("public", [True, False])
def test_an_address_that_leads_nowhere_is_told_in_json(
    agency: Agency,
    path: str,
    public: bool,  # noqa: FBT001
) -> None:
    api = Api(make_api_key(agency), agency, public=public)
    status, answer = api.get(path)
    assert (status, codes(answer)) == (404, [("not_found", None)])


@pytest.mark.parametrize("public", [True, False])
def test_a_body_over_the_limit_is_refused_in_json(agency: Agency, public: bool) -> None:  # noqa: FBT001
    api = Api(make_api_key(agency), agency, public=public)
    status, answer = api.post("violations/", "x" * (25 * 1024 * 1024 + 1))
    assert (status, codes(answer)) == (413, [("too_large", None)])


def test_the_schema_says_the_sign_of_every_points_field() -> None:
    named = {"points", "stated_points", "points_range", "worth", "drift", "estimate"}
    silent = [
        f"{name}.{field}"
        for name, component in _schema()["components"]["schemas"].items()
        for field, told in component.get("properties", {}).items()
        if field in named and not told.get("description")
    ]
    assert silent == []


def test_the_schema_is_made_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


@pytest.mark.parametrize("key", ["\x00", "\ud800", 5, None, "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("path", ["stores/", "violations/"])
def test_a_cursor_that_is_made_up_breaks_nothing(
    agency: Agency, api: Api, path: str, key: Any
) -> None:
    make_store()
    make_violation()
    link = urlsplit(api.get(path, limit=1)[1]["next"] or _cursor_link(api, path))
    cursor = parse_qs(link.query)["cursor"][0]
    told = json.loads(base64.urlsafe_b64decode(cursor))
    made_up = base64.urlsafe_b64encode(json.dumps(told | {"k": key}).encode()).decode()
    assert api.get(path, limit=1, cursor=made_up)[0] in {200, 400}
    deep = base64.urlsafe_b64encode(b"[" * 20_000).decode()
    assert api.get(path, cursor=deep)[0] == 400


def _cursor_link(api: Api, path: str) -> str:
    make_violation()
    return str(api.get(path, limit=1)[1]["next"])


def test_every_list_tells_of_its_pages() -> None:
    lists = {
        path: {parameter["name"] for parameter in methods["get"]["parameters"]}
        for path, methods in _schema()["paths"].items()
        if "get" in methods
        and any(
            word in json.dumps(methods["get"]["responses"].get("200", {}))
            for word in ("results", "Paginated")
        )
    }
    assert len(lists) == 20
    assert all({"cursor", "limit", "ordering"} <= names for names in lists.values())
