"""Setting up a mailbox's forwarding: its provider's question, and the test mail that comes back."""

import re
import smtplib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from stores.models import Forwarding, MailTest, Notice, Store, Violation
from stores.services import forwardings, mail_routes, mail_tests
from tenants import scope
from tenants.models import Agency, DueWork, InboundEvent, Membership, User
from tenants.trail.models import AuditEvent
from tests import factories, work
from tests.stores import posts
from tests.stores.mailin import confirmations as texts
from tests.stores.mailin import mails

ClientFor = Callable[[Membership], HttpClient]
PAGE = "/settings/mail/forwarding/"
LIVE = "/settings/mail/forwarding/live/"
TESTS = "/settings/mail/tests/"
LOOKS = r'hx-get="(/settings/mail/forwarding/live/[^"]*)"'
FORGED = {
    "unsigned": (texts.gmail(), "no signature proves it"),
    "signed by another": (mails.signed(texts.gmail(), "evil.example"), "not by the domain"),
    "changed": (texts.signed_gmail().replace(b"582910347", b"111111111"), "changed or forged"),
    "look-alike": (texts.gmail(sender="forwarding-noreply@g00gle.com"), "was not sent from"),
}


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    posts.publish_keys(settings, tmp_path)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Bamboo & Home", external_id="7495001234567890123")


@pytest.fixture
def owner(agency: Agency) -> Membership:
    return factories.make_membership("owner")


@pytest.fixture
def page_of(owner: Membership, client_for: ClientFor) -> Callable[..., str]:
    client = client_for(owner)

    def page(path: str, **query: str) -> str:
        return client.get(path, query).content.decode()

    return page


def now() -> datetime:
    return datetime.now(UTC)


def actions() -> list[str]:
    rows = AuditEvent.objects.filter(action__startswith="mail.").order_by("pk")
    return list(rows.values_list("action", flat=True))


# -- what a provider asks ---------------------------------------------------------------------


def test_code_of_a_proven_confirmation_is_shown_at_once_and_kept_sealed(
    store: Store, owner: Membership, page_of: Callable[..., str]
) -> None:
    # given an open page
    of_store = {"store": str(store.pk)}
    before = page_of(PAGE, **of_store)
    (looks,) = re.findall(LOOKS, before)
    assert "Nothing yet" in before

    # when Gmail writes
    posts.post(texts.signed_gmail(), store, at=now())

    # then what the page asks for shows code and link, and no notice was made of it
    after = page_of(looks.replace("&amp;", "&"))
    assert (texts.CODE in after, texts.MAILBOX in after) == (True, True)
    link = f'<a href="{texts.LINK}" rel="noreferrer noopener" target="_blank">'
    assert link in " ".join(after.split())
    assert texts.CANCEL not in after
    row = Forwarding.objects.get()
    assert (row.store, row.provider, row.mailbox, row.state) == (
        store,
        "gmail",
        texts.MAILBOX,
        "waiting",
    )
    assert texts.CODE not in row.code
    assert texts.LINK not in row.link
    assert not Notice.objects.exists()
    event = InboundEvent.objects.get()
    assert (event.handled_at is None, bytes(event.payload)) == (False, b"")


def test_who_read_a_code_is_kept_once_a_member(
    store: Store, owner: Membership, page_of: Callable[..., str], client_for: ClientFor
) -> None:
    posts.post(texts.signed_gmail(), store, at=now())

    for _time in range(3):
        page_of(PAGE, store=str(store.pk))
    client_for(factories.make_membership("admin")).get(f"{PAGE}?store={store.pk}")
    page_of(PAGE)  # the agency's own address has nothing to do with it

    assert actions() == ["mail.forwarding_asked", "mail.code_shown", "mail.code_shown"]
    rows = AuditEvent.objects.filter(action__startswith="mail.")
    assert texts.CODE not in repr(list(rows.values()))


@pytest.mark.parametrize("how", FORGED)
def test_forged_confirmation_is_shown_as_suspicious_without_code_or_link(
    store: Store, page_of: Callable[..., str], how: str
) -> None:
    raw, reason = FORGED[how]

    posts.post(raw, store, at=now())

    page = page_of(PAGE, store=str(store.pk))
    row, notice = Forwarding.objects.get(), Notice.objects.get()
    assert (row.state, row.code, row.link, row.notice) == ("suspicious", "", "", notice)
    assert (notice.trust, notice.state) == ("suspicious", "triage")
    assert reason in page
    assert f"/notices/{notice.pk}/" in page
    shown = (texts.CODE, "111111111", "mail-settings.google.com", texts.MAILBOX)
    assert [one in page for one in shown] == [False] * 4


def test_forgeries_do_not_pile_up(store: Store) -> None:
    for number in range(forwardings.MOST_SUSPICIOUS + 3):
        raw = texts.gmail().replace(b"ask-1", f"ask-{number}".encode())
        posts.post(raw, store, at=posts.ARRIVED + timedelta(minutes=number))

    assert Forwarding.objects.count() == forwardings.MOST_SUSPICIOUS
    newest = Forwarding.objects.order_by("-asked_at").first()
    assert newest is not None
    assert newest.asked_at == posts.ARRIVED + timedelta(minutes=forwardings.MOST_SUSPICIOUS + 2)


def test_code_is_gone_after_a_week(store: Store, page_of: Callable[..., str]) -> None:
    # given
    arrived = now() - forwardings.KEPT_FOR
    posts.post(texts.signed_gmail(), store, at=arrived)
    row = Forwarding.objects.get()
    assert row.code

    # then the page shows it no more, and the row loses it by due work
    assert texts.CODE not in page_of(PAGE, store=str(store.pk))
    due = DueWork.objects.get(kind=forwardings.FORGET)
    assert (due.subject, due.due_at) == (str(row.pk), arrived + forwardings.KEPT_FOR)
    early = row.expires_at - timedelta(seconds=1)
    assert forwardings.forget(forwarding_id=row.pk, at=early) == row.expires_at
    work.run_due(at=now() + timedelta(minutes=1), kind=forwardings.FORGET)
    row.refresh_from_db()
    assert (row.code, row.link) == ("", "")


def test_mailbox_that_asks_again_waits_again_with_its_new_code(
    store: Store, page_of: Callable[..., str]
) -> None:
    at = now()
    posts.post(texts.signed_gmail(), store, at=at - timedelta(hours=1))
    newer = texts.GMAIL_EN.replace(texts.CODE, "777000777")
    posts.post(texts.signed_gmail(newer), store, at=at)

    page = page_of(PAGE, store=str(store.pk))
    assert Forwarding.objects.count() == 1
    assert ("777000777" in page, texts.CODE in page) == (True, False)


def test_same_mailbox_may_forward_to_two_addresses(store: Store) -> None:
    posts.post(texts.signed_gmail(), store, at=now())
    posts.post(texts.signed_gmail(), None, at=now())

    assert sorted(str(row.store) for row in Forwarding.objects.all()) == ["Bamboo & Home", "None"]


def test_no_line_of_the_log_holds_a_code_or_link(
    store: Store, page_of: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    posts.post(texts.signed_gmail(), store, at=now())
    page_of(PAGE, store=str(store.pk))

    logged = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert logged
    assert (texts.CODE in logged, "vf-" in logged) == (False, False)


# -- confirmed by mail that came --------------------------------------------------------------


def through(mailbox: str, raw: bytes) -> bytes:
    """``raw`` as Gmail passes it on for ``mailbox``: header lines above what is signed."""
    return f"X-Forwarded-For: {mailbox} k3v9wq7x@in.localhost\r\n".encode() + raw


def test_forwarding_is_confirmed_when_a_believed_mail_came_through_the_mailbox(
    store: Store, page_of: Callable[..., str]
) -> None:
    # given
    posts.post(texts.signed_gmail(), store, at=now() - timedelta(hours=1))

    # when a mail comes through another mailbox, and a forged one names this
    posts.post(through("other@gmail.com", posts.notice()), store, at=now())
    posts.post(
        through(texts.MAILBOX, posts.notice(signature="wrong_key", number=1)), store, at=now()
    )
    assert Forwarding.objects.get().state == "waiting"

    # and then a genuine one comes through it
    at = now()
    posts.post(through(texts.MAILBOX, posts.notice(reference="7412345679")), store, at=at)

    # then
    row = Forwarding.objects.get()
    assert (row.state, row.confirmed_at, row.code, row.link) == ("confirmed", at, "", "")
    page = page_of(PAGE, store=str(store.pk))
    assert ("Mail has come through" in page, texts.CODE in page) == (True, False)
    assert (
        actions()[-2:] == ["mail.forwarding_confirmed"] or "mail.forwarding_confirmed" in actions()
    )


def test_mail_from_before_the_question_confirms_nothing(store: Store) -> None:
    posts.post(texts.signed_gmail(), store, at=now())

    posts.post(through(texts.MAILBOX, posts.notice()), store, at=now() - timedelta(hours=1))

    assert Forwarding.objects.get().state == "waiting"


def test_mail_to_another_address_confirms_nothing(store: Store) -> None:
    posts.post(texts.signed_gmail(), store, at=now() - timedelta(hours=1))

    posts.post(through(texts.MAILBOX, posts.notice()), None, at=now())

    assert Forwarding.objects.get().state == "waiting"


# -- test mails -------------------------------------------------------------------------------


def returned(test: MailTest, *, sender: str = "no-reply@localhost") -> bytes:
    """The mail that we sent, as the mailbox passed it on."""
    letter = EmailMessage()
    letter["From"] = f"Storewarden <{sender}>"
    letter["To"] = test.mailbox
    letter["Subject"] = f"Storewarden test mail [SW-{test.token}]"
    letter["Date"] = "Wed, 01 Jul 2026 03:00:00 +0000"
    letter.set_content("This is a test.")
    return mails.crlf(bytes(letter))


def ask(client: HttpClient, store: Store | None, mailbox: str = texts.MAILBOX) -> Any:
    chosen = {"store": str(store.pk)} if store else {}
    return client.post(TESTS, {"mailbox": mailbox, "provider": "qq", **chosen})


def test_test_mail_is_sent_and_the_page_shows_that_it_came_back_and_how_fast(
    store: Store, owner: Membership, client_for: ClientFor, page_of: Callable[..., str]
) -> None:
    # given
    answer = ask(client_for(owner), store, " Seller.Bamboo@gmail.com ")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?store={store.pk}&provider=qq")
    assert "On its way." in page_of(PAGE, store=str(store.pk))

    # when it is sent
    work.run_due(kind=mail_tests.SEND)

    # then
    test = MailTest.objects.get()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (
        [texts.MAILBOX],
        f"Storewarden test mail [SW-{test.token}]",
    )
    assert test.sent_at is not None

    # and when it comes back
    posts.post(returned(test), store, at=test.sent_at + timedelta(seconds=7))

    # then the page says so, the mailbox counts as confirmed, and nobody's notice was made of it
    page = page_of(PAGE, store=str(store.pk))
    assert ("It came back after 7 seconds." in page, "Came back" in page) == (True, True)
    row = Forwarding.objects.get()
    assert (row.provider, row.mailbox, row.state, row.store) == (
        "gmail",
        texts.MAILBOX,
        "confirmed",
        store,
    )
    assert not Notice.objects.exists()
    assert actions() == [
        "mail.test_asked",
        "mail.test_came",
        "mail.forwarding_confirmed",
    ]


def test_test_confirms_what_a_provider_asked_for_a_mailbox_of_its_owners_domain(
    store: Store, owner: Membership
) -> None:
    asked = factories.make_forwarding(store, mailbox="shop@bamboo.example", code="135791113")
    test = factories.make_mail_test(store, mailbox="shop@bamboo.example")

    posts.post(returned(test), store, at=now())

    (row,) = Forwarding.objects.all()
    assert (row.pk, row.provider, row.state, row.code) == (asked.pk, "gmail", "confirmed", "")


def test_page_says_what_to_check_when_the_test_has_not_come_in_ten_minutes(
    store: Store, owner: Membership, page_of: Callable[..., str]
) -> None:
    waits = factories.make_mail_test(store, asked_at=now() - timedelta(minutes=9))
    assert "not come back" not in page_of(PAGE, store=str(store.pk))

    MailTest.objects.filter(pk=waits.pk).update(asked_at=now() - timedelta(minutes=10))
    page = page_of(PAGE, store=str(store.pk))
    assert ("has not come back within 10 minutes" in page, "spam folder" in page) == (True, True)

    # and one that comes late all the same is told with its time
    assert waits.sent_at is not None
    posts.post(returned(waits), store, at=waits.sent_at + timedelta(minutes=25))
    assert "It came back after 25 minutes." in page_of(PAGE, store=str(store.pk))


def test_test_that_came_to_another_address_says_so(
    store: Store, page_of: Callable[..., str]
) -> None:
    test = factories.make_mail_test(store)

    posts.post(returned(test), None, at=now())

    assert "came to another of your addresses" in page_of(PAGE, store=str(store.pk))
    assert not Forwarding.objects.exists()


def test_words_of_a_marketplace_in_a_test_mail_change_nothing(store: Store) -> None:
    test = factories.make_mail_test(store)
    raw = returned(test).replace(b"This is a test.", mails.crlf(mails.ENFORCED_EN.encode()))

    posts.post(raw, store, at=now())
    posts.post(returned(test, sender="a@b.example").replace(b"[SW-", b"[SW-x"), store, at=now())

    assert not Violation.objects.exists()
    (notice,) = Notice.objects.all()  # the one whose token is nobody's
    assert (notice.trust, notice.state) == ("suspicious", "triage")


class _Failing(BaseEmailBackend):
    error: Exception = ConnectionRefusedError()

    def send_messages(self, _messages: Any) -> int:
        raise self.error


@pytest.mark.parametrize(
    ("error", "problem", "is_tried_again"),
    [
        (ConnectionRefusedError(), "ConnectionRefusedError", True),
        (smtplib.SMTPServerDisconnected("secret"), "SMTPServerDisconnected", True),
        (smtplib.SMTPRecipientsRefused({}), "SMTPRecipientsRefused", False),
    ],
)
def test_test_that_cannot_be_sent_is_tried_again_while_it_is_waited_for(
    store: Store,
    owner: Membership,
    settings: Any,
    page_of: Callable[..., str],
    error: Exception,
    problem: str,
    is_tried_again: bool,  # noqa: FBT001 - a column of the table
) -> None:
    _Failing.error = error
    settings.EMAIL_BACKEND = f"{__name__}._Failing"
    test = mail_tests.ask(store=store, mailbox="a@b.example", by=owner, at=now())

    work.run_due(kind=mail_tests.SEND)

    test.refresh_from_db()
    due = DueWork.objects.get(kind=mail_tests.SEND)
    assert (test.sent_at, test.problem) == (None, problem)
    assert (due.done_at is None) is is_tried_again
    MailTest.objects.update(asked_at=now() - timedelta(minutes=11))
    assert "It could not be sent." in page_of(PAGE, store=str(store.pk))


def test_test_mails_are_limited_and_never_to_our_own_addresses(
    store: Store, owner: Membership, client_for: ClientFor
) -> None:
    client = client_for(owner)
    own = ask(client, store, mail_routes.address_of(posts.route_to(store)))
    nonsense = ask(client, store, "nonsense")
    for _time in range(mail_tests.MOST_AN_HOUR):
        assert ask(client, store).status_code == 302
    one_more = ask(client, store)

    assert [answer.status_code for answer in (own, nonsense, one_more)] == [422, 422, 422]
    assert "the mailbox that forwards" in own.content.decode()
    assert "at most 10 test mails an hour" in one_more.content.decode()
    assert MailTest.objects.count() == mail_tests.MOST_AN_HOUR


def test_test_mail_is_in_its_readers_language(store: Store, owner: Membership) -> None:
    with scope.public():
        User.objects.filter(pk=owner.user_id).update(language="zh-hans")
    mail_tests.ask(store=store, mailbox="a@b.example", by=owner, at=now())

    work.run_due(kind=mail_tests.SEND)

    subject = str(mail.outbox[0].subject)
    assert "测试" in subject
    assert re.search(r"\[SW-[a-z0-9]{20}\]", subject)


# -- the page ---------------------------------------------------------------------------------


def test_page_shows_address_and_steps_of_each_provider(
    store: Store, page_of: Callable[..., str]
) -> None:
    address = mail_routes.address_of(posts.route_to(store))
    of_agency = mail_routes.address_of(posts.route_to(None))
    said = {
        "gmail": "Forwarding and POP/IMAP",
        "outlook": "Mail, Forwarding",
        "qq": "收信规则",
        "netease": "自动回复/转发",
        "other": "redirect the mail",
        "nonsense": "Forwarding and POP/IMAP",
    }

    for provider, words in said.items():
        page = page_of(PAGE, store=str(store.pk), provider=provider)
        assert [words in page, address in page, of_agency in page] == [True, True, False]
    assert of_agency in page_of(PAGE)


def test_live_part_answers_only_when_something_changed_and_stops_asking_in_the_end(
    store: Store, owner: Membership, client_for: ClientFor
) -> None:
    client = client_for(owner)
    page = client.get(PAGE, {"store": str(store.pk)}).content.decode()
    (looks,) = re.findall(LOOKS, page)
    looks = looks.replace("&amp;", "&")

    assert client.get(looks).status_code == 204
    factories.make_forwarding(store, code="135791113")
    changed = client.get(looks)
    assert (changed.status_code, "135791113" in changed.content.decode()) == (200, True)

    half_an_hour_ago = int((now() - timedelta(minutes=31)).timestamp())
    last = client.get(LIVE, {"store": str(store.pk), "since": str(half_an_hour_ago)})
    assert (last.status_code, "hx-get" in last.content.decode()) == (286, False)
    for nonsense in ("x", "9" * 40, "-1", "", "nan"):
        assert client.get(LIVE, {"store": str(store.pk), "since": nonsense}).status_code in {
            200,
            286,
        }


@pytest.mark.parametrize("role", ["lead", "specialist", "auditor", "client"])
def test_codes_are_not_for_those_who_do_not_keep_the_settings(
    store: Store, client_for: ClientFor, role: str
) -> None:
    factories.make_forwarding(store, code="135791113")
    client = client_for(factories.make_membership(role))

    answers = [client.get(PAGE), client.get(LIVE), ask(client, store)]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert not any("135791113" in answer.content.decode() for answer in answers)
    assert not MailTest.objects.exists()


def test_another_agencys_store_and_code_are_not_found(
    store: Store, other_agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()
        factories.make_forwarding(theirs, code="135791113")
        factories.make_forwarding(None, code="135791114")
    client = client_for(owner)

    for path in (PAGE, LIVE):
        for asked in (theirs.pk, uuid4(), "nonsense", "\x00"):
            assert client.get(path, {"store": str(asked)}).status_code == 404
    assert ask(client, theirs).status_code == 404
    assert "13579111" not in client.get(PAGE).content.decode()
    assert "13579111" not in client.get(PAGE, {"store": str(store.pk)}).content.decode()


def test_page_takes_as_many_queries_for_three_mailboxes_as_for_one(
    store: Store, owner: Membership, client_for: ClientFor
) -> None:
    client = client_for(owner)

    def queries() -> int:
        client.get(
            PAGE, {"store": str(store.pk)}
        )  # who has read which code is written the first time
        with CaptureQueriesContext(connection) as counted:
            client.get(PAGE, {"store": str(store.pk)})
        return len(counted)

    def add() -> None:
        factories.make_forwarding(store, code="135791113")
        factories.make_mail_test(store)
        notice = factories.make_notice(store=store)
        factories.make_forwarding(store, state="suspicious", notice=notice, mailbox="")

    add()
    one = queries()
    add()
    add()

    assert queries() == one
