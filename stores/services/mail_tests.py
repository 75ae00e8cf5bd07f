"""Test mails: sent to a mailbox that should forward, recognised when they come back."""

import logging
import re
import secrets
import smtplib
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from stores.models import MailTest, Store
from stores.selectors.forwardings import ELSEWHERE, TESTED_FOR
from stores.services import forwardings, mail_flow
from tenants import due, scope
from tenants.due import Work
from tenants.errors import DomainError
from tenants.models import Agency, Membership
from tenants.trail import services as trail

logger = logging.getLogger(__name__)

SEND: Final = "stores.send_test_mail"
MOST_AN_HOUR: Final = 10  # of an agency: we write to mailboxes that a member names
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH: Final = 20
_TOKEN: Final = re.compile(rf"\[SW-([a-z0-9]{{{_LENGTH}}})\]", re.IGNORECASE)
_AGAIN: Final = timedelta(seconds=30)


class MailTestRefused(DomainError):
    code: ClassVar[str] = "mail_test_refused"


@transaction.atomic
def ask(*, store: Store | None, mailbox: str, by: Membership, at: datetime) -> MailTest:
    """Ask for a test mail to ``mailbox``, which should come to the store's or agency's address.

    Raises:
        MailTestRefused: if the mailbox is an address of ours, or too many were asked for lately.
    """
    mailbox = mailbox.strip().lower()
    if mailbox.rpartition("@")[2] == settings.MAILIN_DOMAIN.lower():
        raise MailTestRefused(
            _("Name the mailbox that forwards, not the address that it forwards to.")
        )
    lately = MailTest.objects.filter(asked_at__gt=at - timedelta(hours=1)).count()
    if lately >= MOST_AN_HOUR:
        raise MailTestRefused(
            _("There are at most %(most)s test mails an hour.") % {"most": MOST_AN_HOUR}
        )
    test = MailTest.objects.create(
        store=store,
        mailbox=mailbox,
        token="".join(secrets.choice(_LETTERS) for _letter in range(_LENGTH)),
        asked_by=by,
        asked_at=at,
    )
    due.add(kind=SEND, subject=test.pk, at=at)
    trail.record(
        action="mail.test_asked",
        by=by,
        subject=test,
        at=at,
        store_id=store.pk if store else None,
    )
    return test


def send(*, agency: Agency, work: Work) -> None:
    """Send the test mail that ``work`` names, outside the scope.

    What the mail server does not take is tried again for as long as the test is waited for.
    """
    with scope.agency(agency):
        tests = MailTest.objects.select_related("asked_by__user")
        test = tests.filter(pk=UUID(work.subject), sent_at=None).first()
        if test is None or work.at >= test.asked_at + TESTED_FOR:
            work.finish()
            return
    problem = _send(test)
    again_at = None
    if problem and problem != smtplib.SMTPRecipientsRefused.__name__:
        again_at = work.at + _AGAIN
    with scope.agency(agency):
        sent = {"problem": problem} if problem else {"problem": "", "sent_at": work.at}
        MailTest.objects.filter(pk=test.pk).update(**sent)
        work.finish(again_at=again_at)


def _send(test: MailTest) -> str:
    """Send a test; return the class of what kept it from going, or "" where it went."""
    with translation.override(test.asked_by.user.language or settings.LANGUAGE_CODE):
        subject = _("Storewarden test mail [SW-%(token)s]") % {"token": test.token}
        message = render_to_string("stores/mail/test.txt", {"domain": settings.MAILIN_DOMAIN})
    try:
        send_mail(subject, message, None, [test.mailbox])
    except (smtplib.SMTPException, OSError) as error:
        problem = type(error).__name__[:60]
        logger.warning("test_mail_not_sent", extra={"test_id": test.pk, "error": problem})
        return problem
    return ""


@transaction.atomic
def take_back(
    *, subject: str, store_id: UUID | None, received_at: datetime, at: datetime
) -> MailTest | None:
    """Return the test mail that a mail titled ``subject`` is, noting where and when it came."""
    token = _TOKEN.search(subject)
    if token is None:
        return None
    test = MailTest.objects.select_for_update().filter(token=token[1].lower()).first()
    if test is None or test.came_at is not None:
        return test
    if test.store_id != store_id:
        test.problem = ELSEWHERE
        test.save(update_fields=["problem"])
        return test
    test.came_at, test.problem = received_at, ""
    test.save(update_fields=["came_at", "problem"])
    trail.record(
        action="mail.test_came", by=None, subject=test, at=at, store_id=store_id, via="task"
    )
    if store_id is not None:
        mail_flow.heard([store_id], at=at)
    forwardings.confirm_tested(
        store_id=store_id, mailbox=test.mailbox, received_at=received_at, at=at
    )
    return test
