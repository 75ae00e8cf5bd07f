"""From the sign-up form to the agency's own host."""

import re

import pytest
from django.core import mail
from django.test import Client

from tenants.models import Agency, DueWork, User
from tests import factories

pytestmark = pytest.mark.django_db


def _link_in(text: str) -> str:
    found = re.search(r"http://localhost:8000(/\S+)", text)
    assert found
    return found[1]


def _sign_up(client: Client, email: str = "priya@harbourline.example", path: str = "") -> None:
    answer = client.post(
        f"/accounts/signup/{path}", {"email": email, "password1": factories.PASSWORD}
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/confirm-email/")


def test_sign_up_confirms_the_mail_and_founds_an_agency(public_client: Client) -> None:
    # given an account whose address is confirmed by the mailed link
    _sign_up(public_client)
    link = _link_in(str(mail.outbox[0].body))
    assert public_client.get(link).status_code == 200
    confirmed = public_client.post(link)
    assert (confirmed.status_code, confirmed.headers["Location"]) == (302, "/agencies/new/")

    # when
    founded = public_client.post("/agencies/new/", {"name": "Harbourline", "slug": ""})

    # then the page waits until the schema stands
    assert (founded.status_code, founded.headers["Location"]) == (
        302,
        "/agencies/harbourline/preparing/",
    )
    assert (
        "Harbourline is being prepared"
        in public_client.get(founded.headers["Location"]).content.decode()
    )
    agency = Agency.objects.get(slug="harbourline")
    owner = User.objects.get(email="priya@harbourline.example")
    assert [str(seat.role) for seat in owner.memberships.all()] == ["Owner"]
    assert [w.kind for w in DueWork.objects.filter(agency=agency)] == ["tenants.provision"]

    # and moves on by itself
    Agency.objects.filter(pk=agency.pk).update(state=Agency.State.READY)
    moved = public_client.get(founded.headers["Location"], headers={"hx-request": "true"})
    assert moved.headers["HX-Redirect"] == "http://harbourline.localhost:8000/"
