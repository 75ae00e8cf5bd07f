"""What is answered where no view could: too large a body, no such address, a lost database."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.db import DataError, OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import set_urlconf
from drf_standardized_errors.handler import exception_handler

from tenants import answers
from tenants.models import Agency, Membership
from tests import factories

CONTEXT: Any = {"request": None, "view": None}
HUGE = b"x" * (25 * 1024 * 1024 + 1)


def _post(client: Client, path: str, **headers: str) -> tuple[int, str]:
    answer = client.post(path, HUGE, content_type="text/plain", headers=headers)
    return answer.status_code, answer.content.decode()


def test_a_body_over_the_limit_ends_on_a_page_that_leads_back(
    agency: Agency, client_for: Callable[[Membership], Client]
) -> None:
    host = f"{agency.slug}.{factories.PUBLIC_HOST}"
    status, page = _post(
        client_for(factories.make_membership()),
        "/imports/",
        referer=f"http://{host}/imports/?step=2",
    )
    assert status == 413
    assert "This is too large to send" in page
    assert 'href="/imports/?step=2"' in page


def test_a_push_over_the_limit_is_answered_in_few_words(public_client: Client, db: None) -> None:
    status, answer = _post(public_client, "/hooks/tiktok_shop/")
    assert status == 413
    assert json.loads(answer)["errors"][0]["code"] == "too_large"


@pytest.mark.parametrize(
    "referer", ["", "https://evil.example/x", "http://localhost:8000//evil.example", "http://["]
)
def test_the_way_back_stays_on_this_host(public_client: Client, db: None, referer: str) -> None:
    status, page = _post(public_client, "/accounts/login/", referer=referer)
    assert status == 413
    assert '<a class="btn btn-primary" href="/">' in page


def test_the_page_is_in_the_browsers_language(public_client: Client, db: None) -> None:
    _status, page = _post(public_client, "/accounts/login/", **{"accept-language": "zh-CN"})
    assert '<html lang="zh-hans">' in page


def test_an_unknown_address_is_a_page_outside_the_api(public_client: Client, db: None) -> None:
    answer = public_client.get("/nothing/here/")
    assert (answer.status_code, "There is nothing here" in answer.content.decode()) == (404, True)


def _raise(error: Exception) -> None:
    raise error


def _failed(path: str, error: Exception, **headers: str) -> HttpResponse:
    request = RequestFactory().get(path, headers=headers)
    set_urlconf(settings.PUBLIC_SCHEMA_URLCONF)
    try:
        _raise(error)
    except Exception as raised:  # noqa: BLE001 - as Django's own handler does
        return response_for_exception(request, raised)
    else:
        pytest.fail("It was not raised.")
    finally:
        set_urlconf(None)


def test_a_lost_database_is_a_503_in_the_readers_language() -> None:
    answer = _failed("/people/", OperationalError("gone"), **{"accept-language": "zh-CN"})

    assert (answer.status_code, answer.headers["Retry-After"], answer.content.decode()) == (
        503,
        "5",
        "Storewarden 暂时无法访问，请几秒后重试。",
    )


def test_a_lost_database_is_a_503_in_the_apis_form() -> None:
    answer = _failed("/api/v1/stores/", OperationalError("gone"))

    assert (answer.status_code, answer.headers["Retry-After"], json.loads(answer.content)) == (
        503,
        "5",
        {
            "type": "server_error",
            "errors": [{"code": "unavailable", "detail": answers.UNAVAILABLE, "attr": None}],
        },
    )


def test_a_lost_database_inside_a_view_of_the_api_is_told_the_same_way() -> None:
    answer = exception_handler(OperationalError("gone"), CONTEXT)

    assert answer is not None
    assert (answer.status_code, answer.headers["Retry-After"], answer.data) == (
        503,
        "5",
        {
            "type": "server_error",
            "errors": [{"code": "unavailable", "detail": answers.UNAVAILABLE, "attr": None}],
        },
    )


@pytest.mark.parametrize("error", [DataError("too long"), RuntimeError("a bug")])
def test_any_other_fault_stays_a_500(error: Exception) -> None:
    page, call = _failed("/people/", error), _failed("/api/v1/stores/", error)
    inside = exception_handler(error, CONTEXT)

    assert (page.status_code, "Retry-After" in page.headers) == (500, False)
    assert b"Something broke" in page.content
    assert (call.status_code, json.loads(call.content)) == (
        500,
        {
            "type": "server_error",
            "errors": [{"code": "error", "detail": "Server Error (500)", "attr": None}],
        },
    )
    assert inside is not None
    assert (inside.status_code, inside.data) == (500, json.loads(call.content))
