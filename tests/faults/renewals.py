"""Renewals of single-use tokens: raced for by processes, and killed between answer and commit."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx

from config.launcher import bootstrap, processes
from tests.faults.stage import Stage
from tests.faults.sweeping import Connected

NOTICED_WITHIN: Final = 60.0  # seconds; the promise
_ASKED_WITHIN: Final = 60.0
_ANSWERS_WITHIN: Final = 30.0
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")

_EXPIRED: Final = (
    'UPDATE "{schema}".stores_connection SET access_expires_at = now() WHERE store_id = %s'
)
_RENEWED: Final = """
SELECT count(*) FROM "{schema}".stores_connection WHERE store_id = %s AND state = 'connected'
  AND refresh_started_at IS NULL AND access_expires_at > now() + interval '1 day'
"""
_DUE: Final = """
UPDATE tenants_duework SET due_at = now(), done_at = NULL, attempts = 0
WHERE kind = 'stores.renew_tokens' AND subject = %s
"""
_HELD: Final = 'SELECT 1 FROM "{schema}".stores_connection WHERE store_id = %s FOR UPDATE'
_WAITS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE '%%stores_connection%%'
"""
_NOTICED: Final = """
SELECT c.problem, min(a.opened_at) FROM "{schema}".stores_connection c
JOIN "{schema}".stores_alert a ON a.store_id = c.store_id AND a.code = 'connection.revoked'
WHERE c.store_id = %s AND c.state = 'revoked' GROUP BY c.problem
"""


# -- The race --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Race:
    """What came of workers who asked for access at once, at each expiry of each store."""

    workers: int
    expiries: int
    renewed: int
    let_in: int
    spent_again: int  # refresh tokens that the marketplace saw a second time

    @property
    def locked_out(self) -> int:
        return self.expiries - self.renewed

    def __str__(self) -> str:
        return (
            f"{self.locked_out} of {self.expiries} expiries locked a store out, {self.workers}"
            f" processes let in {self.let_in} times, {self.spent_again} tokens spent twice"
        )


def race(stage: Stage, stores: Sequence[Connected], *, workers: int, rounds: int) -> Race:
    """Let the tokens of ``stores`` expire ``rounds`` times; ``workers`` ask at once each time."""
    spent_before = _sandbox(stage)["spent_again"]
    places = json.dumps([(each.schema, each.store) for each in stores])
    renewed = let_in = 0
    with ExitStack() as stack:
        crowd = [stack.enter_context(_worker(stage)) for _ in range(workers)]
        for _ in range(rounds):
            for each in stores:
                stage.execute(_EXPIRED.format(schema=each.schema), UUID(each.store))
            for one in crowd:
                _write(one, places)
            let_in += sum(int(_read(one)) for one in crowd)
            renewed += sum(_count(stage, _RENEWED, each) for each in stores)
    return Race(
        workers=workers,
        expiries=rounds * len(stores),
        renewed=renewed,
        let_in=let_in,
        spent_again=_sandbox(stage)["spent_again"] - spent_before,
    )


@contextmanager
def _worker(stage: Stage) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.racing"],
        cwd=bootstrap.ROOT,
        env=stage.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert _read(process) == "ready"
        try:
            yield process
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(_ANSWERS_WITHIN)


def _write(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _read(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line: str = process.stdout.readline()
    return line.strip()


def _count(stage: Stage, statement: str, each: Connected) -> int:
    ((count,),) = stage.query(statement.format(schema=each.schema), UUID(each.store))
    return int(count)


def _sandbox(stage: Stage) -> dict[str, Any]:
    """Return what the sandbox's control page knows."""
    facts: dict[str, Any] = httpx.get(
        f"{stage.env['SANDBOX_URL']}/control", headers={"accept": "application/json"}
    ).json()
    return facts


# -- The kills -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kills:
    """What came of workers that were killed with a new token in hand, not yet kept."""

    kills: int
    noticed_after: list[float]  # seconds

    def __str__(self) -> str:
        return (
            f"{len(self.noticed_after)} of {self.kills} SIGKILLs of workers noticed,"
            f" {max(self.noticed_after, default=0):.0f} s after at most"
        )


@dataclass
class Door:
    """Stands before the sandbox's tokens, and holds the answer to whom it is told to kill.

    Who asks is known by the socket that it asks through.
    """

    port: int
    stage: Stage | None = None
    victim: Connected | None = None
    killed_at: datetime | None = None
    failure: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fetch(self, path: str) -> tuple[int, bytes]:
        assert self.stage
        answer = httpx.get(self.stage.env["SANDBOX_URL"] + path)
        return answer.status_code, answer.content

    def await_victim(self, victim: Connected) -> None:
        with self.lock:
            self.killed_at, self.failure, self.victim = None, "", victim

    def told(self) -> datetime:
        """Return when the worker of the victim was killed."""
        processes.wait_until(lambda: bool(self.killed_at or self.failure), _ASKED_WITHIN)
        assert self.killed_at, self.failure or "Nobody came to renew."
        return self.killed_at

    def take_victim(self, path: str, body: bytes) -> Connected | None:
        """Return whose worker must die now: the next that was given new tokens."""
        if "/refresh" not in path or json.loads(body)["code"] != 0:
            return None
        with self.lock:
            victim, self.victim = self.victim, None
        return victim


@contextmanager
def open_door() -> Iterator[Door]:
    """Open a door to a sandbox that is still to come."""
    server = ThreadingHTTPServer(("127.0.0.1", processes.free_port()), _Handler)
    server.daemon_threads = True
    server.door = Door(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.door  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        door: Door = self.server.door  # type: ignore[attr-defined]
        status, body = door.fetch(self.path)
        victim = door.take_victim(self.path, body)
        if victim is None:
            self._answer(status, body)
            return
        try:
            door.killed_at = self._kill(door, victim, body)
        except (OSError, AssertionError) as failure:
            door.failure = repr(failure)

    def _kill(self, door: Door, victim: Connected, body: bytes) -> datetime:
        """Give the answer, and kill who has read it before the tokens can be kept."""
        assert door.stage
        pid = _asker(door.stage, self.client_address[1])
        assert pid is not None, "Nobody holds the other end."
        with door.stage.database() as session, session.transaction():
            session.execute(_HELD.format(schema=victim.schema), [UUID(victim.store)])
            self._answer(200, body)
            assert processes.wait_until(lambda: _is_waited(door.stage), _ANSWERS_WITHIN), "No wait."
            os.kill(pid, signal.SIGKILL)
            killed_at = datetime.now(UTC)
            assert processes.wait_until(lambda: not processes.is_alive(pid), _ANSWERS_WITHIN)
        return killed_at

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Write no line."""


def _is_waited(stage: Stage | None) -> bool:
    assert stage
    ((count,),) = stage.query(_WAITS)
    return bool(count)


def _asker(stage: Stage, port: int) -> int | None:
    """Return which process of the stage's sync workers holds the local socket at ``port``."""
    inode = next(
        words[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        for words in (line.split(),)
        if int(words[1].rpartition(":")[2], 16) == port
    )
    for name in stage.names("sync"):
        leader = stage.pid(name)
        for pid in processes.group_members(leader) if leader else []:
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    found = _SOCKET.fullmatch(str(link.readlink()))
                    if found and found[1] == inode:
                        return pid
    return None


def kill_renewals(stage: Stage, door: Door, stores: Sequence[Connected]) -> dict[str, datetime]:
    """Kill the worker that renews each store's tokens, once it has the answer; return when."""
    killed: dict[str, datetime] = {}
    for each in stores:
        door.await_victim(each)
        stage.execute(_DUE, each.store)
        killed[each.store] = door.told()
    return killed


def notice(stage: Stage, stores: Sequence[Connected], killed: dict[str, datetime]) -> Kills:
    """Wait until each store says what happened, and return how long that took."""
    after: dict[str, float] = {}
    give_up_at = max(killed.values()) + timedelta(seconds=2 * NOTICED_WITHIN)
    while len(after) < len(stores) and datetime.now(UTC) < give_up_at:
        for each in stores:
            for problem, opened_at in stage.query(
                _NOTICED.format(schema=each.schema), UUID(each.store)
            ):
                assert problem == "renewal_lost"
                after[each.store] = (opened_at - killed[each.store]).total_seconds()
        time.sleep(0.5)
    return Kills(len(killed), list(after.values()))
