"""The doctor: what is well, what is wrong and what to do about it, and no secret."""

import base64
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from pytest_django import Settings

from config.launcher import bootstrap, processes
from config.launcher.servers import ValkeyServer
from stores.mailin.server import MailinServer, Verdict
from stores.services import inbox
from stores.services.mail_routes import READ_NOTICE
from tenants import due, scope
from tenants.health import checks
from tenants.models import Agency, DueWork, InboundEvent, StoreRoute
from tests import factories
from tests.running import environment

pytestmark = pytest.mark.django_db(databases=["default", "owner"])
NAMES = [check.name for check in checks.CHECKS]


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def agency(agency: Agency) -> Agency:
    with scope.public():
        DueWork.objects.all().delete()
    return agency


@pytest.fixture
def well(
    agency: Agency, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Everything as in a production that works."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    settings.METRICS_TOKEN = "a-token"
    settings.DEVELOPMENT = settings.DEBUG = False
    settings.PUBLIC_SCHEME, settings.PUBLIC_HOST = "https", "storewarden.example"
    settings.MEDIA_ROOT = tmp_path / "media"
    server = MailinServer("127.0.0.1", 0, lambda *_told: Verdict.UNKNOWN)
    with ValkeyServer(tmp_path / "valkey") as valkey:
        settings.REDIS_URL = valkey.url
        server.start()
        try:
            settings.MAILIN_HOST, settings.MAILIN_PORT = "127.0.0.1", server.port
            yield settings
        finally:
            server.stop()


def _examined(*options: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("doctor", *options, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(str(end.code))
    return out.getvalue(), 0


def _wrong(clock: Any = _now) -> dict[str, str]:
    return {found.check: found.says for found in checks.examine(clock=clock) if not found.is_well}


def test_the_doctor_finds_everything_well(well: Settings) -> None:
    told, code = _examined("--json")
    human, _code = _examined()

    found = json.loads(told)
    assert (code, found["is_well"], [each["check"] for each in found["findings"]]) == (
        0,
        True,
        NAMES,
    )
    assert [line.split()[0] for line in human.splitlines()] == ["well"] * len(NAMES)


def test_the_doctor_says_what_is_wrong_and_ends_with_an_error(well: Settings) -> None:
    well.REDIS_URL = f"redis://:hunter2@127.0.0.1:{processes.free_port()}/0"

    told, code = _examined()
    as_json, json_code = _examined("--json")

    says = "Valkey does not answer: start it, or mend REDIS_URL. Work waits meanwhile."
    assert (code, json_code) == (1, 1)
    assert [line for line in told.splitlines() if not line.startswith("well")] == [
        f"WRONG  {'queue':<13} {says}"
    ]
    assert json.loads(as_json)["is_well"] is False
    assert "hunter2" not in told + as_json


def test_the_doctor_leaves_out_what_it_cannot_tell_while_the_database_is_away(
    tmp_path: Path,
) -> None:
    nowhere = f"postgresql://storewarden:hunter3@127.0.0.1:{processes.free_port()}/storewarden"
    queue = "redis://:hunter4@127.0.0.1:1/0"
    env = environment(tmp_path, DATABASE_URL=nowhere, REDIS_URL=queue, DATABASE_POOL_SIZE="0")

    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=bootstrap.ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    told = json.loads(done.stdout)
    assert (done.returncode, told["is_well"]) == (1, False)
    assert [each["check"] for each in told["findings"]] == [
        "database", "queue", "mail-in", "disk", "settings", "sealing keys", "metrics",
    ]  # fmt: skip
    assert told["findings"][0]["says"] == (
        "PostgreSQL does not let us in: start it, or mend DATABASE_URL."
    )
    assert "hunter" not in done.stdout + done.stderr


def test_the_doctor_sees_work_that_waits_too_long(well: Settings, agency: Agency) -> None:
    due.add(kind="stores.sync", subject="a", at=_now() - timedelta(hours=3))
    due.add(kind="stores.read_notice", subject="b", at=_now() - timedelta(minutes=4))
    due.add(kind="tenants.provision", subject="c", at=_now() - timedelta(minutes=9))
    with scope.public():
        DueWork.objects.filter(subject="c").update(claimed_until=_now() + timedelta(minutes=1))

    assert _wrong() == {
        "due work": "Work for sync has waited for up to 3 hours:"
        " see that a dispatcher runs, and a worker for each queue.",
        "outbox": "Work on provision is claimed and not done: see that a worker runs"
        " for each queue, and what it logs as due_work_failed.",
    }


def test_the_doctor_sees_work_that_was_set_aside(well: Settings, agency: Agency) -> None:
    for subject in "ab":
        due.add(kind="stores.sync", subject=subject, at=_now())
    with scope.public():
        DueWork.objects.update(quarantined_at=_now())

    assert _wrong() == {
        "quarantine": "Set aside after too many tries: 2 stores.sync."
        " Mend the cause, then replay them."
    }


def test_the_doctor_sees_stores_that_are_not_synced(well: Settings, agency: Agency) -> None:
    for name, age in (("fresh", 1), ("late", 5)):
        StoreRoute.objects.create(
            marketplace="tiktok_shop",
            app_key="key",
            external_id=name,
            agency=agency,
            store_id=uuid4(),
            synced_at=_now() - timedelta(hours=age),
        )

    assert _wrong() == {
        "sync": "1 of 2 stores are not synced, one since 5 hours:"
        " see the sync workers, and the marketplace's state."
    }


def test_the_doctor_sees_a_clock_that_is_wrong(well: Settings, agency: Agency) -> None:
    assert _wrong(lambda: _now() + timedelta(minutes=10)) == {
        "clock": "This machine and the database differ by 10 minutes:"
        " let both follow a time server."
    }


def test_the_doctor_sees_that_no_mail_comes_in(well: Settings) -> None:
    well.MAILIN_PORT = processes.free_port()

    assert _wrong() == {
        "mail-in": f"Nothing receives mail at 127.0.0.1:{well.MAILIN_PORT}:"
        " start manage.py run_mailin, or mend MAILIN_HOST and MAILIN_PORT."
    }


def test_the_doctor_waits_for_no_port_that_says_nothing(well: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        well.MAILIN_PORT = silent.getsockname()[1]
        assert list(_wrong()) == ["mail-in"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"DEBUG": True}, "DEBUG is on"),
        ({"DEVELOPMENT": True}, "DEVELOPMENT is on"),
        ({"PUBLIC_SCHEME": "http"}, "PUBLIC_SCHEME is http"),
        ({"MAIL_KEYS_FILE": "/x"}, "MAIL_KEYS_FILE lets anybody sign notices"),
        (
            {"SANDBOX_URL": "http://x", "PUBLIC_SCHEME": "http"},
            "PUBLIC_SCHEME is http, SANDBOX_URL is set",
        ),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else "",
)
def test_the_doctor_sees_settings_that_are_unsafe(
    well: Settings, changes: dict[str, Any], found: str
) -> None:
    for name, value in changes.items():
        setattr(well, name, value)

    assert _wrong() == {
        "settings": f"Unsafe where others come in: {found}. Set the environment right."
    }


def test_a_developers_machine_is_well_as_it_is(well: Settings) -> None:
    well.DEVELOPMENT, well.PUBLIC_SCHEME, well.PUBLIC_HOST = True, "http", "localhost:8000"

    told = {each.check: each for each in checks.examine(clock=_now)}["settings"]

    assert told == checks.Finding(
        "settings",
        is_well=True,
        says="Fit for a developer's machine only: DEVELOPMENT is on, PUBLIC_SCHEME is http.",
    )


@pytest.mark.parametrize(
    "keys", [[], ["k1:"], ["k1:c2hvcnQ="], ["no-key-at-all"], ["k1:" + "é" * 44]]
)
def test_the_doctor_sees_sealing_keys_that_cannot_be_read(well: Settings, keys: list[str]) -> None:
    well.SEALING_KEYS = keys

    assert _wrong() == {
        "sealing keys": "SEALING_KEYS cannot be read: it is id:base64-of-32-bytes,…"
    }


@pytest.mark.parametrize("is_kept", [True, False])
def test_the_doctor_sees_sealing_keys_of_another_database(
    well: Settings, agency: Agency, *, is_kept: bool
) -> None:
    # given what was sealed with a key that is gone, unless it is kept behind the new one
    store = factories.make_store()
    inbox.keep(
        agency=agency,
        store_id=store.pk,
        channel="mail",
        recipient="x",
        digest="d",
        raw=b"a mail",
        kind=READ_NOTICE,
        at=_now(),
    )
    new = "t2:" + base64.b64encode(b"1" * 32).decode()
    well.SEALING_KEYS = [new, *(well.SEALING_KEYS if is_kept else [])]

    expected = {
        "sealed rows": "SEALING_KEYS does not open what this database holds:"
        " add the key it was sealed with."
    }
    assert _wrong() == ({} if is_kept else expected)
    with scope.public():
        assert InboundEvent.objects.count() == 1


def test_the_doctor_sees_a_full_disk() -> None:
    look = checks.Look(_now)

    with pytest.raises(checks.Wrong, match=r"^RUN_DIR has .* GiB left: make room, or move it\.$"):
        checks.disk(look, least=2**62)


def test_the_doctor_sees_metrics_that_cannot_be_kept(
    well: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "missing"))
    unwritable = _wrong()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    unset = _wrong()

    assert unwritable == {
        "metrics": "PROMETHEUS_MULTIPROC_DIR cannot be written: let the programs' user write there."
    }
    assert unset == {
        "metrics": "PROMETHEUS_MULTIPROC_DIR is not set: each process counts for itself alone."
    }


def test_a_check_that_breaks_is_a_finding_without_secrets(
    well: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    well.MEDIA_ROOT = None  # what nobody thought of

    told = _wrong()

    assert list(told) == ["disk"]
    assert told["disk"].startswith("This could not be looked at: TypeError: ")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (172_800, "2 days"),
    ],
)
def test_lengths_of_time_are_told_in_their_largest_unit(seconds: float, told: str) -> None:
    assert checks._for_people(seconds) == told


@pytest.mark.parametrize(("version", "is_well"), [(14, False), (15, True), (18, True), (19, False)])
def test_versions_of_postgresql_that_are_supported(version: int, *, is_well: bool) -> None:
    try:
        told = checks.judge_version(version)
    except checks.Wrong as wrong:
        told = str(wrong)

    refused = f"PostgreSQL {version} is not supported: use 15 to 18."
    assert told == (f"PostgreSQL {version} answers." if is_well else refused)
