import logging
import queue
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from logging import handlers

import pytest

from stores.mailin import server
from stores.mailin.server import Deliver, Knows, MailinServer, Verdict
from tests.stores.mailin import mails

KNOWN = mails.ROUTE
NOTICE = mails.plain("Points deducted: 4")


@contextmanager
def running(deliver: Deliver, knows: Knows | None = None, **options: int) -> Iterator[smtplib.SMTP]:
    door = MailinServer("127.0.0.1", 0, deliver, knows=knows, **options)
    door.start()
    try:
        with smtplib.SMTP("127.0.0.1", door.port, timeout=10) as client:
            client.ehlo()
            yield client
    finally:
        door.stop()


def only_known(recipient: str) -> Verdict:
    return Verdict.STORED if recipient == KNOWN else Verdict.UNKNOWN


def test_mail_is_accepted_after_it_was_delivered() -> None:
    kept: list[tuple[str, bytes, str]] = []

    def deliver(recipient: str, raw: bytes, peer: str) -> Verdict:
        kept.append((recipient, raw, peer))
        return Verdict.STORED

    with running(deliver, only_known) as client:
        refused = client.sendmail("bounce@tiktok.com", [KNOWN.upper()], NOTICE)

    assert (refused, kept) == ({}, [(KNOWN, NOTICE, "127.0.0.1")])


def test_stranger_is_refused_before_the_mail_is_sent() -> None:
    with running(lambda *_: Verdict.STORED, only_known) as client:
        client.mail("a@b.example")

        assert client.rcpt("nobody@in.localhost") == (550, b"5.1.1 No such address")


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Verdict.UNKNOWN, 550), (Verdict.LATER, 451), (Verdict.REFUSED, 554)],
)
def test_answer_is_what_delivery_came_to(verdict: Verdict, code: int) -> None:
    with running(lambda *_: verdict) as client, pytest.raises(smtplib.SMTPDataError) as refusal:
        client.sendmail("a@b.example", [KNOWN], NOTICE)

    assert refusal.value.smtp_code == code


def test_sender_tries_again_when_we_fail() -> None:
    logged = queue.SimpleQueue[logging.LogRecord]()
    listener = handlers.QueueHandler(logged)
    server.logger.addHandler(listener)
    level = server.logger.level
    server.logger.setLevel(logging.ERROR)

    def deliver(_recipient: str, _raw: bytes, _peer: str) -> Verdict:
        raise ConnectionError("the database is away")

    with running(deliver) as client, pytest.raises(smtplib.SMTPDataError) as refusal:
        client.sendmail("a@b.example", [KNOWN], NOTICE)

    assert refusal.value.smtp_code == 451
    server.logger.removeHandler(listener)
    server.logger.setLevel(level)
    assert logged.get(timeout=5).getMessage().split("\n")[0] == "mailin_failed"


def test_sender_tries_again_when_one_of_two_recipients_has_to_wait() -> None:
    def deliver(recipient: str, _raw: bytes, _peer: str) -> Verdict:
        return Verdict.STORED if recipient == KNOWN else Verdict.LATER

    with running(deliver) as client, pytest.raises(smtplib.SMTPDataError) as refusal:
        client.sendmail("a@b.example", [KNOWN, "other@in.localhost"], NOTICE)

    assert refusal.value.smtp_code == 451


@pytest.mark.parametrize("declared", [True, False])
def test_mail_beyond_the_limit_is_refused(declared: bool) -> None:  # noqa: FBT001 - a table
    big = NOTICE + b"x" * 998 * 30
    with running(lambda *_: Verdict.STORED, max_bytes=20_000) as client:
        if declared:
            assert client.mail("a@b.example", [f"SIZE={len(big)}"])[0] == 552
        else:
            client.mail("a@b.example")
            client.rcpt(KNOWN)
            big = NOTICE + (b"x" * 70 + b"\r\n") * 1000
            assert client.data(big)[0] == 552


def test_bounce_with_an_empty_sender_is_taken() -> None:
    with running(lambda *_: Verdict.STORED) as client:
        assert client.sendmail("", [KNOWN], NOTICE) == {}


def test_connections_are_limited() -> None:
    door = MailinServer("127.0.0.1", 0, lambda *_: Verdict.STORED)
    door.start()
    held = []
    try:
        for _ in range(server.MAX_CONNECTIONS):
            held.append(socket.create_connection(("127.0.0.1", door.port), timeout=10))
            held[-1].recv(100)
        one_more = socket.create_connection(("127.0.0.1", door.port), timeout=10)
        held.append(one_more)

        assert one_more.recv(100) == b"421 4.3.2 Too many connections\r\n"
    finally:
        for connection in held:
            connection.close()
        door.stop()
