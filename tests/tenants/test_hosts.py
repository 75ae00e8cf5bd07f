"""What each host serves, and what machines ask of any of them."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.filebased import EmailBackend
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from tenants import scope
from tenants.models import Agency, Membership, User
from tenants.services.agencies import agency_host
from tests import factories

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Membership], Client]


@pytest.mark.parametrize(
    "host", ["nobody.localhost", "localhost.", "evil.example", "[::1]", "", "a b\x00c", "x" * 5000]
)
def test_unknown_host_is_a_plain_404_without_a_session(agency: Agency, host: str) -> None:
    answer = Client(headers={"host": host}).get("/")

    assert answer.status_code == 404
    assert answer.content == b"Not found"
    assert answer.headers["Content-Type"] == "text/plain"
    assert not answer.cookies


@pytest.mark.parametrize(
    "host", ["localhost:8000", "nobody.localhost:8000", "evil.example", "a b", ""]
)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_answered_on_any_host(agency: Agency, host: str, path: str) -> None:
    answer = Client(headers={"host": host}).get(path)

    assert answer.status_code == 200
    assert not answer.cookies


def test_suspended_agency_is_a_plain_404(agency: Agency) -> None:
    from tenants.middleware import forget_agency

    with scope.public():
        Agency.objects.filter(pk=agency.pk).update(state=Agency.State.SUSPENDED)
    forget_agency("harbour")
    try:
        answer = Client(headers={"host": agency_host("harbour")}).get("/")
    finally:
        forget_agency("harbour")

    assert (answer.status_code, answer.content) == (404, b"Not found")


def test_agency_host_serves_no_sign_in(agency: Agency, client_for: ClientFor) -> None:
    client = client_for(factories.make_membership("owner"))

    for path in ("/accounts/login/", "/accounts/signup/", "/agencies/", "/enter/harbour/"):
        assert client.get(path).status_code == 404


def test_public_host_serves_no_agency_page(agency: Agency, public_client: Client) -> None:
    for path in ("/people/", "/settings/", "/audit/", "/handoff/?token=x"):
        assert public_client.get(path).status_code == 404


def test_home_says_what_it_is_and_where_to_sign_up(public_client: Client) -> None:
    page = public_client.get("/").content.decode()

    assert "/accounts/signup/" in page
    assert "/accounts/login/" in page


@pytest.mark.parametrize("host", ["localhost:8000", "harbour.localhost:8000"])
def test_csp_report_is_logged_without_a_session(
    agency: Agency, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    report = {"csp-report": {"blocked-uri": "inline", "document-uri": "http://localhost/x"}}

    with caplog.at_level(logging.WARNING, logger="tenants.views.service"):
        answer = Client(headers={"host": host}, enforce_csrf_checks=True).post(
            "/csp-report/", json.dumps(report), content_type="application/csp-report"
        )

    assert answer.status_code == 204
    assert [record.message for record in caplog.records] == ["csp_violation"]
    assert caplog.records[0].__dict__["blocked_uri"] == "inline"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"\xff\xfe{", 400, id="not text"),
        pytest.param(b"[]", 400, id="a list"),
        pytest.param(b'{"csp-report": 7}', 400, id="a number"),
        pytest.param(b"[" * 16_000, 400, id="deep"),
        pytest.param(b"x" * 20_000, 413, id="large"),
    ],
)
def test_odd_csp_report_is_refused(public_client: Client, body: bytes, status: int) -> None:
    answer = public_client.post("/csp-report/", body, content_type="application/csp-report")

    assert answer.status_code == status


def test_language_is_kept_with_the_account(agency: Agency, client_for: ClientFor) -> None:
    member = factories.make_membership("lead")
    client = client_for(member)

    answer = client.post("/language/", {"language": "zh-hans", "next": "/settings/"})

    assert answer.headers["Location"] == "/settings/"
    assert User.objects.get(pk=member.user_id).language == "zh-hans"
    assert client.get("/settings/").headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize("odd", ["xx", "", "\x00", "e" * 5000])
def test_unknown_language_changes_nothing(public_client: Client, odd: str) -> None:
    answer = public_client.post("/language/", {"language": odd, "next": "//evil.example"})

    assert answer.headers["Location"] == "/"
    assert "django_language" not in answer.cookies


def test_page_of_a_member_takes_three_queries_before_its_own(
    agency: Agency,
    client_for: ClientFor,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_for(factories.make_membership("client"))
    client.get("/people/")

    # Session, user, seat with role; around them the scope's savepoint and its release.
    with django_assert_num_queries(5):
        assert client.get("/people/").status_code == 403


# Sent mails, in development


def _send(folder: Path, subject: str, text: str) -> str:
    backend = EmailBackend(file_path=str(folder))
    message = EmailMultiAlternatives(subject, text, "a@example.com", ["b@example.com"])
    message.attach_alternative("<script>alert(1)</script>", "text/html")
    backend.send_messages([message])
    return next(iter(sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns))).name


def test_sent_mails_are_shown_with_links_in_development(
    public_client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.DEVELOPMENT, settings.EMAIL_FILE_PATH = True, str(tmp_path)
    name = _send(tmp_path, "Größe <b>", "Open http://localhost:8000/join/x/ <script>alert(2)")

    listed = public_client.get("/dev/mail/").content.decode()
    shown = public_client.get(f"/dev/mail/{name}/").content.decode()

    assert "Größe &lt;b&gt;" in listed
    assert 'href="http://localhost:8000/join/x/"' in shown
    assert "<script>alert" not in shown


@pytest.mark.parametrize("name", ["nothing.log", "..%2f..%2fetc%2fpasswd", "%00.log", "a.txt"])
def test_sent_mail_reads_nothing_else(
    public_client: Client, settings: Settings, tmp_path: Path, name: str
) -> None:
    settings.DEVELOPMENT, settings.EMAIL_FILE_PATH = True, str(tmp_path)
    (tmp_path / "a.txt").write_text("secret")

    assert public_client.get(f"/dev/mail/{name}/").status_code == 404


def test_sent_mails_are_not_there_in_production(
    public_client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.DEVELOPMENT, settings.EMAIL_FILE_PATH = False, str(tmp_path)
    name = _send(tmp_path, "Hello", "secret")

    assert public_client.get("/dev/mail/").status_code == 404
    assert public_client.get(f"/dev/mail/{name}/").status_code == 404
