"""Log lines: one JSON object each, told whose they are, and nothing secret on any way in."""

import json
import logging
import logging.config
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import celery
import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.handlers.exception import response_for_exception
from django.db import DataError, IntegrityError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils.log import AdminEmailHandler
from django.utils.module_loading import import_string
from pytest_django import Settings

from config import web
from tenants import logs, redaction, scope
from tenants.models import Agency
from tests import factories

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
CHANCE = "Zk3-Qw8rTy5UiO1pAs7dFgHj"

# By name: what only the name beside it gives away.
NAMED = {
    "password": "hunter2",
    "passwd": "hunter3",
    "owner_password": "hunter4",
    "DATABASE_PASSWORD": "hunter5!",
    "passphrase": "correct-horse",
    "secret": "swordfish1",
    "app_secret": "swordfish2",
    "client-secret": "swordfish3",
    "SECRET_KEY": "swordfish4",
    "token": "tok1-value",
    "access_token": "tok2-value",
    "refresh_token": "tok3-value",
    "csrfmiddlewaretoken": "tok4-value",
    "X-CSRFToken": "tok5-value",
    "handoff_token": "tok6-value",
    "authorization": "auth1-value",
    "Authorization": "auth2-value",
    "cookie": "storewarden_session=cook1",
    "Set-Cookie": "storewarden_session=cook2; HttpOnly",
    "sessionid": "sess1-value",
    "session_key": "sess2-value",
    "api_key": "apik1-value",
    "apikey": "apik2-value",
    "API-Key": "apik3-value",
    "access_key": "acck1-value",
    "private_key": "priv1-value",
    "credential": "cred1-value",
    "signature": "sign1-value",
    "shop_cipher": "ciph1-value",
}
# By name of a value only: in a sentence these words mean many things.
ONLY_IN_VALUES = {
    "code": "code1-value",
    "otp": "904511",
    "totp": "904512",
    "sign": "sign2-value",
    "nonce": "nonc1-value",
    "email": "Ann at example",
    "phone": "0912 345 678",
    "name": "Ann Nguyen",
    "full_name": "Ann Lee",
    "recipient": "ann-local-part",
    "subject": "Your account was limited, Ann",
    "body": "Dear Ann",
    "headers": "X-Api: value7",
    "REDIS_URL": "redis-address-1",
}
# By shape: found anywhere, whatever stands beside it.
SHAPED = {
    "key of the API": "ahr_live_a1b2c3d4_" + "Q7" * 16,
    "half a key": "ahr_live_a1b2",
    "bearer": "Bearer abcDEF123456",
    "basic": "Basic YW5uOmh1bnRlcjI=",
    "JWT": JWT,
    "address": "ann.nguyen@shop.example.vn",
    "plus address": "ann+tiktok@example.com",
    "Chinese address": "安@例子.example.cn",
    "DSN": "postgresql://storewarden:hunter6@db.internal:5432/storewarden",
    "DSN with an at": "postgresql://storewarden:hun@ter7@db.internal/storewarden",
    "Redis DSN": "redis://:hunter8@127.0.0.1:6379/0",
    "query": "https://shop.example/callback?code=qqq1&state=qqq2",
    "path with query": "/oauth/tiktok_shop/callback?code=qqq3",
    "fragment": "https://shop.example/app#id_token=qqq4",
    "webhook secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "marketplace token": "TTP_Fw8rBwAAAAAkW03FYd09DG",
    "telephone": "+84 912 345 678",
    "session key": "k3j5h2g4f6d8s9a0q1w2e3r4t5y6u7i8",
    "random": CHANCE,
    "sealed": "v1:k1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
    "PEM": "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nIBADANBg\n-----END PRIVATE KEY-----",
}
# What must not be found in a line, as a whole or in its telling part.
TELLING = {
    "bearer": "abcDEF123456",
    "basic": "YW5uOmh1bnRlcjI=",
    "DSN": "hunter6",
    "DSN with an at": "ter7",
    "Redis DSN": "hunter8",
    "query": "qqq1",
    "path with query": "qqq3",
    "fragment": "qqq4",
    "PEM": "IBADANBg",
    "cookie": "cook1",
    "Set-Cookie": "cook2",
}


@dataclass(frozen=True)
class Seed:
    """One secret, as it stands in a text, as a value, and what would give it away."""

    name: str
    value: str

    @property
    def text(self) -> str:
        return self.value if self.name in SHAPED else f"{self.name}={self.value}"

    @property
    def telling(self) -> str:
        return TELLING.get(self.name, self.value)


ALL = [Seed(*each) for each in (NAMED | ONLY_IN_VALUES | SHAPED).items()]
IN_TEXTS = [Seed(*each) for each in (NAMED | SHAPED).items()]


class Lines:
    def __init__(self) -> None:
        self.stream = StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@contextmanager
def _written(*, level: int = logging.DEBUG) -> Iterator[Lines]:
    """Collect what would be printed, by the formatter and the filter of the settings."""
    lines = Lines()
    handler = logging.StreamHandler(lines.stream)
    configured: Any = django_settings.LOGGING
    handler.setFormatter(import_string(configured["formatters"]["json"]["()"])())
    handler.addFilter(import_string(configured["filters"]["place"]["()"])())
    root = logging.getLogger()
    before = root.level, root.handlers
    root.handlers = [handler]
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.handlers = before[1]
        root.setLevel(before[0])


log = logging.getLogger("tests.logs")


def _raise(text: str, kind: type[Exception] = RuntimeError) -> None:
    raise kind(text)


def _as_extra(seed: Seed) -> None:
    name = seed.name if seed.name != "name" else "full_name"
    log.info("event", extra={name: seed.value})


def _as_bytes(seed: Seed) -> None:
    log.info("event", extra={seed.name + "_": seed.text.encode()})


def _nested(seed: Seed) -> None:
    log.info("event", extra={"data": {"list": [{"deep": {seed.name: seed.value}}]}})


def _as_mapping_argument(seed: Seed) -> None:
    template = f"event %({seed.name})s"
    log.info(template, {seed.name: seed.value})


def _in_an_argument(seed: Seed) -> None:
    log.info("sent %s to %r", seed.text, seed.text)


def _in_a_dict_argument(seed: Seed) -> None:
    log.info("sent %s and %s", {seed.name: seed.value}, [seed.text])


def _in_the_message(seed: Seed) -> None:
    text = f"sent {seed.text} over"
    log.warning(text)


def _in_a_json_text(seed: Seed) -> None:
    log.warning("answer: %s", json.dumps({seed.name: seed.text}, ensure_ascii=False))


def _where_values_do_not_fit(seed: Seed) -> None:
    log.info("sent %d", seed.text)


def _in_an_exception(seed: Seed) -> None:
    try:
        _raise(f"refused {seed.text}")
    except RuntimeError:
        log.exception("event")


def _in_a_cause(seed: Seed) -> None:
    try:
        try:
            _raise(f"refused {seed.text}", ValueError)
        except ValueError as error:
            raise KeyError("other") from error
    except KeyError:
        log.exception("event")


def _in_an_exception_as_a_value(seed: Seed) -> None:
    error = RuntimeError(f"refused {seed.text}")
    log.warning("event %s", error, extra={"because": error})


def _in_a_traceback_as_text(seed: Seed) -> None:
    try:
        _raise(f"refused {seed.text}")
    except RuntimeError:
        log.warning("failed: %s", traceback.format_exc())


def _in_a_warning(seed: Seed) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        try:
            warnings.warn(f"odd {seed.text}", stacklevel=1)
        finally:
            logging.captureWarnings(capture=False)


def _in_a_failed_request(seed: Seed) -> None:
    _fail_a_request(f"/join/{seed.value}/", f"refused {seed.text}")


def _in_the_path_of_a_failed_request(seed: Seed) -> None:
    _fail_a_request(f"/join/{seed.value}/", "refused")


def _fail_a_request(path: str, text: str) -> None:
    request = RequestFactory().post("/join/x/", {"next": path}, headers={"x": path.strip()})
    request.path = path
    try:
        _raise(text)
    except RuntimeError as error:
        response_for_exception(request, error)


@celery.shared_task(name="tests.logs.fails")
def _fails(text: str) -> None:
    raise RuntimeError(text)


@celery.shared_task(name="tests.logs.tells")
def _tells(text: str) -> str:
    return text


def _in_a_task(seed: Seed) -> None:
    _fails.apply(args=(f"refused {seed.text}",))
    _tells.apply(args=(seed.text,))


def _uncaught(seed: Seed) -> None:
    try:
        _raise(f"refused {seed.text}")
    except RuntimeError as error:
        logs._uncaught(type(error), error, error.__traceback__)
        logs._uncaught_in_thread(
            threading.ExceptHookArgs((type(error), error, error.__traceback__, None))
        )


def _in_the_row_that_postgresql_refuses(seed: Seed) -> None:
    detail = f"duplicate key\nDETAIL:  Failing row contains (1, {seed.value}, Ann Lee)."
    try:
        _raise(detail, IntegrityError)
    except IntegrityError:
        log.exception("event")
        log.warning("failed: %s", traceback.format_exc())
    try:
        _raise(f'invalid input syntax for type uuid: "{seed.value}"', DataError)
    except DataError as error:
        log.exception("event", extra={"because": error, "inner": psycopg.DataError(seed.value)})


@pytest.mark.parametrize(
    ("path", "seeds"),
    [
        (_as_extra, ALL),
        (_nested, ALL),
        (_as_mapping_argument, ALL),
        (_as_bytes, IN_TEXTS),
        (_in_an_argument, IN_TEXTS),
        (_in_a_dict_argument, IN_TEXTS),
        (_in_the_message, IN_TEXTS),
        (_in_a_json_text, IN_TEXTS),
        (_where_values_do_not_fit, IN_TEXTS),
        (_in_an_exception, IN_TEXTS),
        (_in_a_cause, IN_TEXTS),
        (_in_an_exception_as_a_value, IN_TEXTS),
        (_in_a_traceback_as_text, IN_TEXTS),
        (_in_a_warning, IN_TEXTS),
        (_in_a_failed_request, IN_TEXTS),
        (_in_the_path_of_a_failed_request, ALL),
        (_in_a_task, IN_TEXTS),
        (_uncaught, IN_TEXTS),
        (_in_the_row_that_postgresql_refuses, ALL),
    ],
    ids=lambda each: each.__name__.strip("_") if callable(each) else str(len(each)),
)
def test_no_secret_comes_out(path: Callable[[Seed], None], seeds: list[Seed]) -> None:
    assert len(seeds) >= 50
    leaked = []
    for seed in seeds:
        with _written() as lines:
            path(seed)
        assert lines.objects, f"{seed.name} was not written at all"
        if seed.telling in json.dumps(lines.objects, ensure_ascii=False) or (
            seed.telling in "".join(map(str, lines.objects))
        ):
            leaked.append((seed.name, lines.text))
    assert leaked == []


def test_what_is_no_secret_is_told(agency: Agency) -> None:
    store_id = UUID(int=7)
    with _written() as lines, logs.bound(request="r1"):
        log.info(
            "store_synced", extra={"store_id": store_id, "rows": 3, "share": 0.5, "is_new": True}
        )
        log.info("took %s of %d at %s", "sync", 4, Path("/srv/app"))
        with scope.public(), logs.bound(task="t1", work_id=9, agency="a1"):
            log.warning("due_work_failed", extra={"kind": "stores.sync", "status_code": 500})

    assert [{**line, "at": ""} for line in lines.objects] == [
        {
            "at": "",
            "level": "INFO",
            "logger": "tests.logs",
            "event": "store_synced",
            "agency": str(agency.pk),
            "request": "r1",
            "store_id": str(store_id),
            "rows": 3,
            "share": 0.5,
            "is_new": True,
        },
        {
            "at": "",
            "level": "INFO",
            "logger": "tests.logs",
            "event": "took sync of 4 at <PosixPath>",
            "agency": str(agency.pk),
            "request": "r1",
        },
        {
            "at": "",
            "level": "WARNING",
            "logger": "tests.logs",
            "event": "due_work_failed",
            "agency": "a1",
            "request": "r1",
            "task": "t1",
            "work_id": "9",
            "kind": "stores.sync",
            "status_code": 500,
        },
    ]


def test_objects_are_told_by_class_as_their_text_may_be_a_name(agency: Agency) -> None:
    person = factories.make_user(name="Ann Nguyen")
    with _written() as lines:
        log.info("%s came", person, extra={"who": person, "all": [person]})
        log.info(person)

    assert [line["event"] for line in lines.objects] == ["<User> came", "<User>"]
    assert "Ann" not in lines.text


def test_an_error_says_what_and_where_and_of_what_it_came() -> None:
    with _written() as lines:
        try:
            try:
                _raise("first line\nsecond line", ValueError)
            except ValueError as error:
                raise LookupError("no such row") from error
        except LookupError:
            log.exception("event")

    told = lines.objects[0]["error"].split("\n")
    assert told[0] == "LookupError: no such row"
    assert told[1].startswith("  tests/tenants/test_logs.py:")
    assert "caused by ValueError: first line" in told
    assert told[-1].endswith("in _raise")
    assert "second line" not in lines.text


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param("line\nbreak\r\u2028\x00", id="line breaks"),
        pytest.param("\ud800", id="half a letter"),
        pytest.param("x" * 3_000_000, id="long"),
        pytest.param("a@" * 5000, id="many ats"),
        pytest.param("/" * 20_000 + "?", id="many slashes"),
        pytest.param("password=" * 2000, id="many names"),
    ],
)
def test_odd_texts_stay_one_short_line(odd: str) -> None:
    with _written() as lines:
        log.warning("told %s", odd, extra={"odd": odd, "deep": [[[[[[odd]]]]]]})

    (line,) = lines.text.encode("utf-8", "backslashreplace").splitlines()
    assert len(line) < 20_000
    assert json.loads(line)["logger"] == "tests.logs"


def test_values_without_end_are_cut() -> None:
    endless: dict[str, Any] = {}
    endless["more"] = endless
    with _written() as lines:
        log.info("event", extra={"endless": endless, "many": list(range(1000))})

    (line,) = lines.objects
    assert line["endless"] == {"more": {"more": {"more": {"more": "<dict>"}}}}
    assert line["many"] == list(range(50))


# Requests


def test_each_request_has_one_line_without_its_path(
    agency: Agency, client_for: Callable[..., Client]
) -> None:
    member = factories.make_membership("owner")
    client = client_for(member)
    with _written(level=logging.INFO) as lines:
        answer = client.get(f"/people/{member.pk}/?token=abc")

    (line,) = [each for each in lines.objects if each["event"] == "request_served"]
    assert line | {"at": "", "ms": 0} == {
        "at": "",
        "level": "INFO",
        "logger": "storewarden.requests",
        "event": "request_served",
        "agency": str(agency.pk),
        "request": answer.headers["X-Request-ID"],
        "method": "GET",
        "route": "tenants:person",
        "status": 200,
        "ms": 0,
    }
    assert str(member.pk) not in lines.text


def test_lines_written_for_a_request_carry_its_id(agency: Agency) -> None:
    report = {
        "csp-report": {"blocked-uri": "https://evil.example/x?y=1", "document-uri": "/join/t/"}
    }
    with _written(level=logging.INFO) as lines:
        answer = Client(headers={"host": "localhost:8000"}).post(
            "/csp-report/", json.dumps(report), content_type="application/csp-report"
        )

    told, served = lines.objects
    assert (told["event"], told["document"], told["blocked_uri"]) == (
        "csp_violation",
        "tenants:join",
        "https://evil.example",
    )
    assert told["request"] == served["request"] == answer.headers["X-Request-ID"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("proxies", "told", "is_taken"),
    [
        (1, "abc-DEF_1.2", True),
        (1, "x" * 64, True),
        (0, "abc-DEF_1.2", False),
        (1, "x" * 65, False),
        (1, "a b", False),
        (1, "a\u00e9", False),
        (1, '"},{"', False),
        (1, "", False),
    ],
)
def test_the_id_of_a_request_is_a_trusted_proxys_or_new(
    settings: Settings, proxies: int, told: str, *, is_taken: bool
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies

    given = Client().get("/healthz", headers={"x-request-id": told}).headers["X-Request-ID"]

    assert (given == told) is is_taken
    assert len(given) in {len(told), 32}


# What other packages would print


def test_nothing_mails_or_prints_a_report_of_a_failed_request() -> None:
    logging_before = {
        name: logging.getLogger(name).handlers for name in ("", "django", "django.server")
    }
    handlers = [
        handler
        for name in [*logging.root.manager.loggerDict, ""]
        for handler in logging.getLogger(name).handlers
    ]

    assert django_settings.ADMINS == []
    assert logging_before["django"] == logging_before["django.server"] == []
    assert [handler for handler in handlers if isinstance(handler, AdminEmailHandler)] == []


@pytest.mark.parametrize("name", ["httpx", "httpcore", "mail.log", "psycopg.pool"])
def test_those_who_would_tell_addresses_are_silent_unless_something_is_wrong(name: str) -> None:
    assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING


def test_the_web_server_writes_no_line_of_its_own_for_a_request() -> None:
    configured = json.loads(web.LOGGING.read_text())
    ours: Any = django_settings.LOGGING

    assert configured["loggers"]["granian.access"] == {"handlers": [], "propagate": False}
    assert configured["formatters"]["json"] == ours["formatters"]["json"]


def test_the_web_servers_access_line_tells_no_query_if_somebody_turns_it_on() -> None:
    values = {"path": "/join/x", "query_string": "token=qqq9", "addr": "10.0.0.9", "status": 200}
    with _written() as lines:
        logging.getLogger("granian.access").info(
            '%(addr)s - "%(path)s?%(query_string)s" %(status)d', values
        )

    assert "qqq9" not in lines.text


def test_hooks_take_what_nobody_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    try:
        logs.catch_all()
        with _written() as lines:
            sys.excepthook(ValueError, ValueError("broken"), None)
            sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    finally:
        logging.captureWarnings(capture=False)

    assert [(line["event"], line["error"]) for line in lines.objects] == [
        ("uncaught", "ValueError: broken")
    ]


def test_a_name_tells_a_secret_whatever_its_form() -> None:
    told = {
        name: redaction.is_secret(name) for name in ("X-Api-Key", "status_code", "Cookie", "kind")
    }

    assert told == {"X-Api-Key": True, "status_code": False, "Cookie": True, "kind": False}
    assert HttpResponse().status_code == 200
