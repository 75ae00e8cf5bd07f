"""A person's own account: signing in, passwords, two steps, and what is written about it."""

import re
from http.cookies import Morsel

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from tenants import scope
from tenants.models import AccountEvent, Agency, User
from tenants.sealing import Unreadable
from tests import factories

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "Another-horse-8-cell"


def _person(email: str = "maya@example.com") -> User:
    user = factories.make_user(email=email, name="Maya Chen")
    with scope.public():
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _client() -> Client:
    return Client(headers={"host": settings.PUBLIC_HOST})


def _sign_in(client: Client, password: str = factories.PASSWORD, path: str = "") -> str:
    answer = client.post(
        f"/accounts/login/{path}", {"login": "maya@example.com", "password": password}
    )
    return answer.headers.get("Location", "")


def _kinds(user: User) -> list[str]:
    with scope.public():
        events = AccountEvent.objects.filter(user=user).order_by("id")
        return list(events.values_list("kind", flat=True))


def _session(client: Client) -> Morsel[str]:
    return client.cookies[settings.SESSION_COOKIE_NAME]


def test_sign_in_binds_the_session_to_the_public_host(agency: Agency) -> None:
    user, client = _person(), _client()
    factories.make_membership("lead", user=user)

    assert _sign_in(client) == "/agencies/"

    assert factories.session_of(client)["host"] == settings.PUBLIC_HOST
    assert _session(client)["domain"] == ""
    assert _session(client)["httponly"]
    assert _kinds(user) == ["signed_in"]
    assert "Harbour" in client.get("/agencies/").content.decode()


def test_person_without_an_agency_is_led_to_found_one() -> None:
    _person()
    assert _sign_in(_client()) == "/agencies/new/"


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("/join/abc/", "/join/abc/"),
        ("https://evil.example/", "/agencies/new/"),
        ("//evil.example/", "/agencies/new/"),
        ("/\\evil.example/", "/agencies/new/"),
        ("javascript:alert(1)", "/agencies/new/"),
        ("http://harbour.localhost:8000/", "/agencies/new/"),
    ],
)
def test_sign_in_goes_on_to_local_paths_only(asked: str, goes_to: str) -> None:
    _person()
    client = _client()

    answer = client.post(
        "/accounts/login/",
        {"login": "maya@example.com", "password": factories.PASSWORD, "next": asked},
    )

    assert answer.headers["Location"] == goes_to


def test_guessing_a_password_is_limited_by_what_the_database_counts() -> None:
    # given five wrong passwords, with no server of the queue anywhere near
    _person()
    for _ in range(5):
        wrong = _client().post("/accounts/login/", {"login": "maya@example.com", "password": "no"})
        assert wrong.status_code == 200

    # when the right one comes from another browser
    client = _client()
    _sign_in(client)

    # then it is too late for now, and with what was counted gone it is not
    assert "_auth_user_id" not in factories.session_of(client)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tenants_cache")
        assert cursor.rowcount > 0
    _sign_in(client)
    assert "_auth_user_id" in factories.session_of(client)


def test_inactive_person_does_not_get_in() -> None:
    user, client = _person(), _client()
    User.objects.filter(pk=user.pk).update(is_active=False)

    _sign_in(client)

    assert "_auth_user_id" not in factories.session_of(client)


def test_sign_up_does_not_tell_whether_an_address_is_known() -> None:
    _person()
    known, unknown = _client(), _client()

    answers = [
        client.post("/accounts/signup/", {"email": email, "password1": NEW_PASSWORD})
        for client, email in ((known, "maya@example.com"), (unknown, "new@example.com"))
    ]

    assert {(a.status_code, a.headers["Location"]) for a in answers} == {
        (302, "/accounts/confirm-email/")
    }
    assert [message.to for message in mail.outbox] == [["maya@example.com"], ["new@example.com"]]
    assert "has an account already" in str(mail.outbox[0].body)
    assert "_auth_user_id" not in factories.session_of(known)


def test_reset_does_not_tell_whether_an_address_is_known() -> None:
    _person()

    answers = [
        _client().post("/accounts/password/reset/", {"email": email})
        for email in ("maya@example.com", "new@example.com")
    ]

    assert {(a.status_code, a.headers["Location"]) for a in answers} == {
        (302, "/accounts/password/reset/done/")
    }


@pytest.mark.parametrize("host", ["localhost:9999", "localhost"])
def test_mailed_links_lead_to_the_public_host_whatever_the_request_says(host: str) -> None:
    _person()

    Client(headers={"host": host}).post("/accounts/password/reset/", {"email": "maya@example.com"})

    links = re.findall(r"http\S+", str(mail.outbox[0].body))
    assert links
    assert all(link.startswith("http://localhost:8000/") for link in links)


def test_reset_sets_the_password_and_ends_every_session() -> None:
    # given one who is signed in somewhere
    user, elsewhere, here = _person(), _client(), _client()
    _sign_in(elsewhere)
    here.post("/accounts/password/reset/", {"email": "maya@example.com"})
    found = re.search(
        r"http://localhost:8000(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body)
    )
    assert found

    # when
    form = here.get(found[1]).headers["Location"]
    here.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    # then
    assert elsewhere.get("/agencies/").headers["Location"].startswith("/accounts/login/")
    assert _sign_in(_client(), NEW_PASSWORD) == "/agencies/new/"
    assert _kinds(user) == ["signed_in", "password.reset", "signed_in"]


def test_changing_the_password_ends_the_other_sessions(agency: Agency) -> None:
    user, here, elsewhere = _person(), _client(), _client()
    _sign_in(here)
    _sign_in(elsewhere)
    at_agency = factories.signed_in_client(factories.make_membership("lead", user=user))
    assert at_agency.get("/settings/").status_code == 200

    here.post(
        "/accounts/password/change/",
        {"oldpassword": factories.PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    assert here.get("/agencies/").status_code == 200
    assert elsewhere.get("/agencies/").headers["Location"].startswith("/accounts/login/")
    assert (
        at_agency.get("/settings/").headers["Location"].startswith("http://localhost:8000/enter/")
    )
    assert _kinds(user)[-1] == "password.changed"


@pytest.mark.parametrize("weak", ["short", "password", "Passw0rd!"[:7], "aaaaaaaaaaaaaa"])
def test_weak_password_is_refused_at_sign_up(weak: str) -> None:
    answer = _client().post("/accounts/signup/", {"email": "new@example.com", "password1": weak})

    assert answer.status_code == 200
    assert "field__errors" in answer.content.decode()
    assert not User.objects.filter(email="new@example.com").exists()


# Two steps


def _code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, list(counters())[1])))


def _turn_two_steps_on(client: Client, capture: DjangoCaptureOnCommitCallbacks) -> str:
    client.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = factories.session_of(client)["mfa.totp.secret"]
    assert "data:image/svg+xml" in page
    with scope.public(), capture(execute=True):  # allauth tells it when the transaction commits
        answer = client.post("/accounts/2fa/totp/activate/", {"code": _code(secret)})
    assert answer.status_code == 302
    return str(secret)


def test_two_steps_seal_the_seed_for_the_person_and_ask_for_the_code(
    agency: Agency, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    # given
    user, client = _person(), _client()
    factories.make_membership("lead", user=user)
    _sign_in(client)
    secret = _turn_two_steps_on(client, django_capture_on_commit_callbacks)
    with scope.public():
        kept = Authenticator.objects.get(user=user, type="totp").data["secret"]
    assert secret not in kept

    # when she signs in anew
    with scope.public():
        cache.clear()
    anew = _client()
    assert _sign_in(anew, path="?next=/agencies/") == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in factories.session_of(anew)
    wrong = anew.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    right = anew.post("/accounts/2fa/authenticate/", {"code": _code(secret)})

    # then
    assert right.headers["Location"] == "/agencies/"
    assert "factor.added" in _kinds(user)


def test_seed_of_one_person_is_useless_to_another(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    # given somebody who can write the table and has put her own seed in Maya's place
    _person()
    mallory = _person("mallory@example.com")
    hers = _client()
    hers.post("/accounts/login/", {"login": mallory.email, "password": factories.PASSWORD})
    secret = _turn_two_steps_on(hers, django_capture_on_commit_callbacks)
    Authenticator.objects.update(user=User.objects.get(email="maya@example.com"))
    client = _client()
    _sign_in(client)
    with scope.public():
        cache.clear()

    # then her code does not open Maya's account
    with pytest.raises(Unreadable):
        client.post("/accounts/2fa/authenticate/", {"code": _code(secret)})
    assert "_auth_user_id" not in factories.session_of(client)


PAGES = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/2fa/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/sessions/",
    "/accounts/logout/",
]


def test_account_pages_stand_in_our_frame(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client = _client()
    _person()
    _sign_in(client)
    client.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    _turn_two_steps_on(client, django_capture_on_commit_callbacks)

    for path in PAGES:
        answer = client.get(path, follow=True)
        assert answer.status_code == 200, path
        assert "public__bar" in answer.content.decode(), path
        assert "style=" not in answer.content.decode(), path
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        assert "public__bar" in _client().get(path).content.decode()


ODD = [
    pytest.param({}, id="nothing"),
    pytest.param({"login": "x" * 100_000, "password": "y" * 100_000}, id="huge"),
    pytest.param({"login": "\x00@example.com", "password": "\x00"}, id="null bytes"),
    pytest.param({"login": "a@b", "password": "\ud7ff" * 40}, id="odd letters"),
]


@pytest.mark.parametrize("sent", ODD)
@pytest.mark.parametrize("path", ["login", "signup", "password/reset"])
def test_odd_input_is_refused_with_words(sent: dict[str, str], path: str) -> None:
    renamed = {"login": "email", "password": "password1"} if path != "login" else {}

    answer = _client().post(
        f"/accounts/{path}/", {renamed.get(name, name): value for name, value in sent.items()}
    )

    assert answer.status_code == 200
    assert "field__errors" in answer.content.decode() or "strip--box" in answer.content.decode()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"name": "Harbourline", "slug": "harbour"}, "Another agency has this address already."),
        ({"name": "Harbourline", "slug": "admin"}, "is a reserved word"),
        ({"name": "Harbourline", "slug": "-a-"}, "3 to 40"),
        ({"name": "Harbourline", "slug": "a" * 41}, "field__errors"),
        ({"name": "", "slug": "fine"}, "field__errors"),
        ({"name": "海港", "slug": ""}, "No address can be made from this name."),
        ({"name": "A", "slug": ""}, "3 to 40"),
        ({"name": "Harbourline", "slug": "xn--abc"}, "no reserved word"),
        ({"name": "Harbourline", "slug": "public"}, "is a reserved word"),
        ({"name": "Harbourline", "slug": "status"}, "is a reserved word"),
        ({"name": "x" * 100_000, "slug": "x\x00"}, "field__errors"),
    ],
)
def test_odd_agency_is_refused_with_words(agency: Agency, sent: dict[str, str], words: str) -> None:
    _person()
    client = _client()
    _sign_in(client)

    answer = client.post("/agencies/new/", sent)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    with scope.public():
        assert set(Agency.objects.values_list("slug", flat=True)) == {"harbour", "meridian"}
