"""From the sign-up form to the agency's own host."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tenants import scope
from tenants.models import AccountEvent, Agency, DueWork, User
from tenants.services import agencies, people
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
    asked = DueWork.objects.filter(agency=agency).order_by("due_at")
    assert [work.kind for work in asked] == ["tenants.provision", "tenants.sweep"]

    # and moves on by itself
    Agency.objects.filter(pk=agency.pk).update(state=Agency.State.READY)
    moved = public_client.get(founded.headers["Location"], headers={"hx-request": "true"})
    assert moved.headers["HX-Redirect"] == "http://harbourline.localhost:8000/"


# Whose password counts

STRANGER = "stranger@example.com"
HERS, THEIRS = "Hers-is-a-horse-8", "Theirs-is-a-trap-9"


def _register(client: Client, password: str, path: str = "") -> None:
    with scope.public():
        cache.clear()  # as if some minutes lay between two sign-ups with one address
    answer = client.post(f"/accounts/signup/{path}", {"email": STRANGER, "password1": password})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/confirm-email/")


def _newest_link() -> str:
    return _link_in(str(mail.outbox[-1].body))


def _lets_in(password: str) -> bool:
    with scope.public():
        cache.clear()
    client = Client(headers={"host": factories.PUBLIC_HOST})
    client.post("/accounts/login/", {"login": STRANGER, "password": password})
    return "_auth_user_id" in factories.session_of(client)


@pytest.mark.parametrize("link", ["first", "newest"])
@pytest.mark.parametrize("order", ["thief first", "thief last"])
def test_only_the_password_typed_by_who_confirms_counts(
    public_client: Client, link: str, order: str
) -> None:
    # given two who sign up with one address, of whom one owns the mailbox
    thief = Client(headers={"host": factories.PUBLIC_HOST})
    steps = [(thief, THEIRS), (public_client, HERS)]
    for client, password in steps if order == "thief first" else reversed(steps):
        _register(client, password)
    assert ["Confirm your e-mail" in message.subject for message in mail.outbox] == [True, True]

    # when she opens either mail's link
    path = _link_in(str(mail.outbox[0 if link == "first" else -1].body))
    assert "Choose a password" not in public_client.get(path).content.decode()
    confirmed = public_client.post(path)

    # then
    assert confirmed.headers["Location"] == "/agencies/new/"
    assert (_lets_in(HERS), _lets_in(THEIRS)) == (True, False)
    assert User.objects.filter(email=STRANGER).count() == 1
    kinds = AccountEvent.objects.filter(user__email=STRANGER).order_by("id")
    assert list(kinds.values_list("kind", flat=True))[:2] == ["account.made", "email.confirmed"]
    assert thief.get("/agencies/").headers["Location"].startswith("/accounts/login/")


def test_nobody_signs_in_before_the_address_is_confirmed(public_client: Client) -> None:
    _register(public_client, THEIRS)

    assert not _lets_in(THEIRS)


def test_link_opened_where_nobody_signed_up_asks_for_a_password(public_client: Client) -> None:
    # given a mail that somebody else's sign-up sent
    _register(Client(headers={"host": factories.PUBLIC_HOST}), THEIRS)
    link = _newest_link()
    assert "Choose a password" in public_client.get(link).content.decode()

    # when she confirms without one, with a weak one, and with one of her own
    refused = [public_client.post(link, {"password": weak}) for weak in ("", "short")]
    confirmed = public_client.post(link, {"password": HERS})

    # then
    assert [answer.status_code for answer in refused] == [422, 422]
    assert confirmed.headers["Location"] == "/agencies/new/"
    assert public_client.get("/agencies/new/").status_code == 200
    assert (_lets_in(HERS), _lets_in(THEIRS)) == (True, False)
    assert public_client.post(link, {"password": THEIRS}).status_code == 404


def test_session_of_another_address_brings_no_password(public_client: Client) -> None:
    _register(Client(headers={"host": factories.PUBLIC_HOST}), THEIRS)
    link = _newest_link()
    _sign_up(public_client, "other@example.com")

    assert "Choose a password" in public_client.get(link).content.decode()


def test_reset_link_confirms_a_first_address(public_client: Client) -> None:
    # given a sign-up whose mail was lost, and a new password asked for instead
    _register(public_client, THEIRS)
    public_client.post("/accounts/password/reset/", {"email": STRANGER})
    form = public_client.get(_newest_link()).headers["Location"]

    # when
    public_client.post(form, {"password1": HERS, "password2": HERS})

    # then
    assert (_lets_in(HERS), _lets_in(THEIRS)) == (True, False)


def test_second_sign_up_within_minutes_sends_no_second_mail(public_client: Client) -> None:
    _register(public_client, THEIRS)
    public_client.post("/accounts/signup/", {"email": STRANGER, "password1": HERS})

    assert len(mail.outbox) == 1
    public_client.post(_newest_link())
    assert (_lets_in(HERS), _lets_in(THEIRS)) == (True, False)


def test_confirmed_address_keeps_its_password(public_client: Client) -> None:
    # given an account
    _register(public_client, HERS)
    public_client.post(_newest_link())

    # when somebody signs up with its address
    thief = Client(headers={"host": factories.PUBLIC_HOST})
    _register(thief, THEIRS)

    # then
    assert mail.outbox[-1].subject == "You have an account at Storewarden already"
    assert (_lets_in(HERS), _lets_in(THEIRS)) == (True, False)


def test_invited_person_joins_with_her_own_password(agency: Agency, public_client: Client) -> None:
    # given an invitation, and a thief who signed up with its address before
    at = timezone.now()
    invitation = people.invite(
        email=STRANGER,
        role=agency.roles.get(code="lead"),
        store_scope="all",
        store_ids=[],
        by=factories.make_membership("owner"),
        at=at,
    )
    renewed = people.renew_token(invitation_id=invitation.pk, at=at)
    assert renewed
    join = f"/join/{renewed[1]}/"
    _register(Client(headers={"host": factories.PUBLIC_HOST}), THEIRS)

    # when she follows it, signs up and confirms
    _register(public_client, HERS, f"?next={join}")
    confirmed = public_client.post(_newest_link())
    joined = public_client.post(join)

    # then
    assert confirmed.headers["Location"] == join
    assert joined.headers["Location"] == "http://harbour.localhost:8000/"
    assert (_lets_in(HERS), _lets_in(THEIRS)) == (True, False)


# When preparing does not go well


@pytest.fixture
def founder(public_client: Client) -> User:
    """Somebody who has founded an agency and waits for it."""
    owner = factories.make_user()
    agencies.found_agency(name="Third", slug="third", owner=owner, at=timezone.now())
    return owner


def _preparing(founder: User) -> str:
    client = factories.signed_in_on_public(founder)
    return client.get("/agencies/third/preparing/").content.decode()


def test_preparing_page_tells_of_a_try_that_failed_and_goes_on_asking(founder: User) -> None:
    DueWork.objects.filter(kind="tenants.provision").update(
        last_error="OperationalError", attempts=1, due_at=timezone.now() + timedelta(seconds=40)
    )

    page = _preparing(founder)

    assert "The last try did not work." in page
    assert 'hx-trigger="load delay:1s"' in page


def test_preparing_page_of_one_set_aside_offers_another_try(founder: User) -> None:
    # given
    work = DueWork.objects.filter(kind="tenants.provision")
    work.update(last_error="OperationalError", attempts=8, quarantined_at=timezone.now())
    client = factories.signed_in_on_public(founder)
    page = client.get("/agencies/third/preparing/").content.decode()
    assert "Third could not be prepared" in page
    assert "support@localhost" in page

    # when
    answer = client.post("/agencies/third/prepare-again/")

    # then
    assert answer.headers["Location"] == "/agencies/third/preparing/"
    assert work.get().quarantined_at is None
    assert "Third is being prepared" in _preparing(founder)


def test_preparing_of_another_persons_agency_is_not_found(founder: User) -> None:
    client = factories.signed_in_on_public(factories.make_user())

    assert client.get("/agencies/third/preparing/").status_code == 404
    assert client.post("/agencies/third/prepare-again/").status_code == 404


def test_preparing_a_ready_agency_again_asks_for_nothing(agency: Agency) -> None:
    member = factories.make_membership("owner")
    with scope.public():
        DueWork.objects.all().delete()

    factories.signed_in_on_public(member.user).post("/agencies/harbour/prepare-again/")

    with scope.public():
        assert not DueWork.objects.exists()
