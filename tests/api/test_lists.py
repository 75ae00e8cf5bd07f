"""What holds for every list of the API."""

from collections.abc import Iterator

import pytest
from drf_spectacular.generators import SchemaGenerator

from tenants.models import Agency
from tests.api.calls import Api, make_api_key


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def _lists() -> Iterator[str]:
    """Yield the path of every list that has pages, from the API's own description."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    paths = generator.get_schema(public=True)["paths"]  # type: ignore[no-untyped-call]
    for path, methods in paths.items():
        names = {each["name"] for each in methods.get("get", {}).get("parameters", ())}
        if {"cursor", "limit", "ordering"} <= names and "{" not in path:
            yield path.removeprefix("/api/v1/")


def test_a_parameter_that_a_list_does_not_know_is_refused_by_name(agency: Agency, api: Api) -> None:
    paths = sorted(_lists())
    assert {"orders/", "stores/", "violations/", "quizzes/"} <= set(paths)

    for path in paths:
        status, body = api.get(path, nonsense="1", limit="5")
        assert status == 400, path
        (error,) = body["errors"]
        assert (error["attr"], error["code"]) == ("nonsense", "unknown"), path
        assert api.get(path, limit="5")[0] == 200, path


def test_what_a_list_does_know_is_told_with_the_refusal(agency: Agency, api: Api) -> None:
    _status, body = api.get("balance-entries/", is_deduction="true")

    assert body["errors"][0]["detail"] == (
        "There is no such parameter. There are: cursor, is_policy_deduction, kind, limit, ordering,"
        " state, store."
    )
