"""What is answered before any view: a body that is too large, an address that leads nowhere."""

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import Agency, Membership
from tests import factories

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
        "/violations/import/",
        referer=f"http://{host}/violations/import/?step=2",
    )
    assert status == 413
    assert "This is too large to send" in page
    assert 'href="/violations/import/?step=2"' in page


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
