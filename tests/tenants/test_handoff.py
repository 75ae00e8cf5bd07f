"""Entering an agency's host: the pass, the session bound to the host, who is let in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from tenants import entrance, scope
from tenants.models import AccountEvent, Agency, Handoff, Membership, User
from tenants.services import handoffs
from tenants.services.agencies import agency_host
from tests import factories

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Membership], Client]


def _at_agency(agency: Agency) -> Client:
    return Client(headers={"host": agency_host(agency.slug)})


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _ask(agency: Agency, path: str = "/sign-out/") -> tuple[Client, str]:
    """Return a browser that was sent away by the agency's host, and where to."""
    browser = _at_agency(agency)
    sent_away = browser.get(path)
    assert sent_away.status_code == 302
    assert sent_away.headers["Location"].startswith(f"http://localhost:8000/enter/{agency.slug}/?")
    return browser, sent_away.headers["Location"]


def _signed_in(client: Client, member: Membership) -> Client:
    with scope.public():
        client.force_login(User.objects.get(pk=member.user_id))
    factories.change_session(client, host=settings.PUBLIC_HOST)
    return client


def _passes() -> int:
    with scope.public():
        return Handoff.objects.count()


def test_anonymous_person_enters_after_signing_in_on_the_public_host(
    agency: Agency, public_client: Client
) -> None:
    # given
    member = factories.make_membership("lead")
    browser, ask = _ask(agency, "/sign-out/?x=1")
    anonymous = public_client.get(_path(ask))
    assert anonymous.headers["Location"].startswith("/accounts/login/?next=/enter/harbour/")

    # when
    passed = _signed_in(public_client, member).get(_path(ask))
    entered = browser.get(_path(passed.headers["Location"]))

    # then she is back where she wanted to go, in a session of this host
    assert (entered.status_code, entered.headers["Location"]) == (302, "/sign-out/?x=1")
    assert factories.session_of(browser)["host"] == "harbour.localhost:8000"
    assert browser.get("/sign-out/").status_code == 405
    with scope.public():
        entries = AccountEvent.objects.filter(user=member.user, kind="agency.entered")
        assert entries.count() == 1


def test_pass_is_refused_when_used_again(agency: Agency, public_client: Client) -> None:
    member = factories.make_membership("lead")
    browser, ask = _ask(agency)
    passed = _path(_signed_in(public_client, member).get(_path(ask)).headers["Location"])
    nonce = browser.cookies[entrance.NONCE_COOKIE].value
    assert browser.get(passed).status_code == 302

    again = _at_agency(agency)
    again.cookies[entrance.NONCE_COOKIE] = nonce

    assert again.get(passed).status_code == 403
    assert "_auth_user_id" not in factories.session_of(again)


def test_pass_is_refused_when_shown_by_another_browser(
    agency: Agency, public_client: Client
) -> None:
    member = factories.make_membership("lead")
    _browser, ask = _ask(agency)
    passed = _path(_signed_in(public_client, member).get(_path(ask)).headers["Location"])
    thief, _its_own_ask = _ask(agency)

    answer = thief.get(passed)

    assert answer.status_code == 403
    assert "another browser or agency" in answer.content.decode()
    assert "_auth_user_id" not in factories.session_of(thief)
    assert _passes() == 0


@pytest.mark.parametrize(
    ("age", "is_good"),
    [
        pytest.param(timedelta(seconds=59), True, id="just in time"),
        pytest.param(timedelta(seconds=60), False, id="a minute old"),
    ],
)
def test_pass_is_good_for_a_minute(agency: Agency, age: timedelta, is_good: bool) -> None:  # noqa: FBT001
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    user = factories.make_membership("lead").user
    with scope.public():
        token = handoffs.issue(
            user=user, agency=agency, nonce_hash=handoffs.digest("n"), kind=handoffs.ENTER, at=at
        )

    def redeem() -> Handoff:
        with scope.public():
            return handoffs.redeem(token=token, nonce="n", agency=agency, at=at + age)

    if is_good:
        assert redeem().user == user
    else:
        with pytest.raises(handoffs.HandoffRefused):
            redeem()


def test_pass_is_refused_at_another_agency(
    agency: Agency, other_agency: Agency, public_client: Client
) -> None:
    # given one person with a seat in both
    member = factories.make_membership("lead")
    factories.make_membership("lead", agency=other_agency, user=member.user)
    browser, ask = _ask(agency)
    passed = _path(_signed_in(public_client, member).get(_path(ask)).headers["Location"])

    # when
    elsewhere = _at_agency(other_agency)
    elsewhere.cookies[entrance.NONCE_COOKIE] = browser.cookies[entrance.NONCE_COOKIE].value
    answer = elsewhere.get(passed)

    # then
    assert answer.status_code == 403
    assert "_auth_user_id" not in factories.session_of(elsewhere)


def test_enter_is_not_found_for_whoever_has_no_seat(
    agency: Agency, other_agency: Agency, public_client: Client
) -> None:
    stranger = factories.make_membership("owner", agency=other_agency)
    _browser, ask = _ask(agency)
    client = _signed_in(public_client, stranger)

    assert client.get(_path(ask)).status_code == 404
    assert client.get(_path(ask).replace("harbour", "no-such-agency")).status_code == 404
    assert _passes() == 0


def test_reauth_asks_for_the_password_first(agency: Agency, public_client: Client) -> None:
    member = factories.make_membership("owner")
    _browser, ask = _ask(agency)
    client = _signed_in(public_client, member)

    answer = client.get(_path(ask).replace("kind=enter", "kind=reauth"))

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(
        "/accounts/reauthenticate/?next=%2Fenter%2Fharbour%2F"
    )


@pytest.mark.parametrize(
    "odd", ["//evil.example/", "https://evil.example", "/\\evil.example", "x", "/" + "a" * 3000]
)
def test_enter_goes_on_to_local_paths_only(agency: Agency, public_client: Client, odd: str) -> None:
    member = factories.make_membership("lead")
    client = _signed_in(public_client, member)

    answer = client.get(
        "/enter/harbour/", {"next": odd, "nonce": handoffs.digest("n"), "kind": "enter"}
    )

    target = urlsplit(answer.headers["Location"])
    assert target.netloc == "harbour.localhost:8000"
    assert parse_qs(target.query)["next"] == ["/"]


def test_session_cookie_is_refused_on_another_host(
    agency: Agency, other_agency: Agency, client_for: ClientFor, public_client: Client
) -> None:
    # given a person with a seat in both agencies, signed in at one
    member = factories.make_membership("lead")
    factories.make_membership("lead", agency=other_agency, user=member.user)
    stolen = client_for(member).cookies[settings.SESSION_COOKIE_NAME].value

    # when the cookie is shown to the other agency's host
    elsewhere = _at_agency(other_agency)
    elsewhere.cookies[settings.SESSION_COOKIE_NAME] = stolen
    answer = elsewhere.get("/sign-out/")

    # then it counts for nothing there, and is ended
    assert answer.headers["Location"].startswith("http://localhost:8000/enter/meridian/")
    public_client.cookies[settings.SESSION_COOKIE_NAME] = stolen
    assert public_client.get("/agencies/").headers["Location"].startswith("/accounts/login/")


def test_member_of_another_agency_finds_nothing(
    agency: Agency, other_agency: Agency, client_for: ClientFor
) -> None:
    stranger = factories.make_membership("owner", agency=other_agency)
    client = client_for(stranger)
    factories.change_session(client, host=agency_host(agency.slug))

    assert client.get("/sign-out/", headers={"host": agency_host(agency.slug)}).status_code == 404


@pytest.mark.parametrize("what", ["seat", "account"])
def test_deactivated_member_is_out_at_once(
    agency: Agency, client_for: ClientFor, what: str
) -> None:
    member = factories.make_membership("lead")
    client = client_for(member)
    assert client.get("/sign-out/").status_code == 405

    if what == "seat":
        Membership.objects.filter(pk=member.pk).update(is_active=False)
        assert client.get("/sign-out/").status_code == 404
    else:
        with scope.public():
            User.objects.filter(pk=member.user_id).update(is_active=False)
        assert (
            client.get("/sign-out/").headers["Location"].startswith("http://localhost:8000/enter/")
        )


def test_post_without_a_session_is_refused(agency: Agency) -> None:
    assert _at_agency(agency).post("/sign-out/").status_code == 403


def test_fragment_without_a_session_sends_the_whole_page(agency: Agency) -> None:
    answer = _at_agency(agency).get(
        "/sign-out/",
        headers={"hx-request": "true", "hx-current-url": "http://harbour.localhost:8000/people/"},
    )

    assert answer.headers["HX-Redirect"].startswith("http://localhost:8000/enter/harbour/")
    assert "next=%2Fpeople%2F" in answer.headers["HX-Redirect"]


def test_sign_out_ends_the_session_of_this_host_only(
    agency: Agency, client_for: ClientFor, public_client: Client
) -> None:
    member = factories.make_membership("lead")
    client = client_for(member)
    _signed_in(public_client, member)

    answer = client.post("/sign-out/")

    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "http://localhost:8000/agencies/",
    )
    assert client.get("/sign-out/").headers["Location"].startswith("http://localhost:8000/enter/")
    assert public_client.get("/agencies/").status_code == 200


def test_signing_out_on_the_public_host_ends_every_session(
    agency: Agency, public_client: Client
) -> None:
    # given one who has entered the agency by a pass
    member = factories.make_membership("lead")
    browser, ask = _ask(agency)
    browser.get(_path(_signed_in(public_client, member).get(_path(ask)).headers["Location"]))
    assert browser.get("/sign-out/").status_code == 405

    # when
    public_client.post("/accounts/logout/")

    # then
    assert browser.get("/sign-out/").headers["Location"].startswith("http://localhost:8000/enter/")


def test_agency_being_prepared_sends_to_the_page_that_waits(agency: Agency) -> None:
    from tenants.middleware import forget_agency

    with scope.public():
        Agency.objects.filter(pk=agency.pk).update(state=Agency.State.PROVISIONING)
    forget_agency("harbour")

    try:
        answer = _at_agency(agency).get("/people/")
        refused = _at_agency(agency).post("/people/")
    finally:
        forget_agency("harbour")

    assert answer.headers["Location"] == "http://localhost:8000/agencies/harbour/preparing/"
    assert refused.status_code == 404
