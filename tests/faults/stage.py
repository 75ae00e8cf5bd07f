"""The stage as a test holds it: starts it, knows its processes, and kills them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from config.launcher import bootstrap, processes, state
from config.launcher.servers import DATABASE, LOGIN_ROLE, SUPERUSER
from tests.faults.schedule import Fault, Kind

_STARTS_WITHIN: Final = 240.0  # seconds
_POOL: Final = 2  # processes of each worker


@dataclass(frozen=True)
class Place:
    """One agency of the stage."""

    slug: str
    schema: str
    key: str
    owner: str
    stores: list[str]


class Stage:
    """A running stage in ``folder``."""

    def __init__(
        self, folder: Path, process: subprocess.Popen[bytes], settings: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.process = process
        ready = state.read_json(folder / "ready.json")
        self.web_port: int = ready["web_port"]
        self.public_host: str = ready["public_host"]
        self.env: dict[str, str] = {
            **ready["env"],
            **settings,
            "PATH": os.environ["PATH"],
            "DATABASE_POOL_SIZE": "0",
        }
        self.agencies = [Place(**each) for each in ready["agencies"]]
        self._ready = ready

    def run(self, program: str, *words: str, timeout: float | None = None) -> str:
        """Run a program of the bench as one of the stage's own and return what it prints."""
        told = subprocess.run(
            [sys.executable, "-m", f"tests.faults.{program}", *words],
            cwd=bootstrap.ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            check=True,
            timeout=timeout,
        )
        return told.stdout.decode()

    def database(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a session of the superuser, past the pooler."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self._ready["postgres_port"],
            user=SUPERUSER,
            password=self._ready["superuser_password"],
            dbname=DATABASE,
            connect_timeout=5,
            autocommit=True,
        )

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of ``statement``, waiting for a database that is away."""
        give_up_at = time.monotonic() + 30
        while True:
            try:
                with self.database() as session:
                    return session.execute(statement, values).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.1)

    def execute(self, statement: str, *values: Any) -> None:
        with self.database() as session:
            session.execute(statement, values)

    def pid(self, name: str) -> int | None:
        """Return the process of a program ("worker-1") or server ("valkey"); None: it is down."""
        programs = {one["name"]: one for one in self._pids()}
        known = programs | state.read_json(self.folder / "servers.json")
        one = known.get(name)
        if one is None or processes.birth_of(one["pid"]) != one["born"]:
            return None
        return int(one["pid"])

    def names(self, *programs: str) -> list[str]:
        """Return what the copies of these programs are called: "worker-1", "worker-2"."""
        return sorted(n for n in self.pids() if n.rpartition("-")[0] in programs)

    def pids(self) -> dict[str, int | None]:
        return {one["name"]: self.pid(one["name"]) for one in self._pids()}

    def _pids(self) -> list[dict[str, Any]]:
        noted: list[dict[str, Any]] = state.read_json(self.folder / "pids.json")["processes"]
        return noted

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> bool:
        """Signal a program's or server's leading process; False when it is down already."""
        pid = self.pid(name)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        return True

    def kill_tree(self, name: str) -> bool:
        """Kill a program with all that it started."""
        pid = self.pid(name)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        return True

    def kill_child(self, name: str, choice: int) -> bool:
        """Kill one process that a program started."""
        pid = self.pid(name)
        children = sorted(processes.group_members(pid)) if pid else []
        children = [each for each in children if each != pid]
        if not children:
            return False
        with suppress(ProcessLookupError):
            os.kill(children[choice % len(children)], signal.SIGKILL)
        return True

    def end_sessions(self) -> bool:
        """End every session of the role that serves, and return whether there was one."""
        try:
            with self.database() as session:
                ended = session.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                    [LOGIN_ROLE],
                )
                return bool(ended.fetchall())
        except psycopg.OperationalError:  # no server, no sessions
            return False

    def suffer(self, fault: Fault) -> bool:
        """Bring ``fault`` about; False when there was nothing to kill just then."""
        workers = self.names("worker", "sync")
        dispatchers = self.names("dispatcher")
        worker = workers[fault.target % len(workers)]
        how: dict[Kind, Callable[[], bool]] = {
            Kind.WORKER: lambda: self.kill_tree(worker),
            Kind.CHILD: lambda: self.kill_child(worker, fault.target // len(workers)),
            Kind.DISPATCHER: lambda: self.kill(dispatchers[fault.target % len(dispatchers)]),
            Kind.VALKEY: lambda: self.kill("valkey"),
            Kind.SESSIONS: self.end_sessions,
            Kind.POOLER: lambda: self.kill("pooler"),
            Kind.POSTGRES: lambda: self.kill("postgres"),
        }
        return how[fault.kind]()

    @contextmanager
    def without(self, server: str) -> Iterator[None]:
        """Take a server away, and let the launcher start it again afterwards."""
        held = self.folder / f"{server}.held"
        held.touch()
        try:
            self.kill(server)
            yield
        finally:
            held.unlink()

    @contextmanager
    def without_programs(self, *programs: str) -> Iterator[None]:
        """Kill every copy of these programs, and let the launcher start them again afterwards."""
        names = self.names(*programs)
        held = [self.folder / f"{name}.held" for name in names]
        for each in held:
            each.touch()
        try:
            for name in names:
                self.kill_tree(name)
            yield
        finally:
            for each in held:
                each.unlink()

    def is_whole(self) -> bool:
        """Return whether every process is there, the workers with their pools."""
        pids = self.pids()
        servers = [self.pid(name) for name in ("postgres", "valkey", "pooler")]
        if None in {*pids.values(), *servers}:
            return False
        workers = [pids[name] for name in self.names("worker", "sync")]
        return all(len(processes.group_members(pid)) > _POOL for pid in workers if pid)

    def log_of(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""


@contextmanager
def running_stage(
    *, agencies: int, web_workers: int = 2, settings: Mapping[str, str] | None = None
) -> Iterator[Stage]:
    """Start a stage of its own in a folder that goes with it; ``settings`` go to all programs."""
    with tempfile.TemporaryDirectory(prefix="storewarden-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database's own user passes through
        with (folder / "stage.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults", str(agencies)],
                cwd=bootstrap.ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "RUN_DIR": name,
                    "WEB_WORKERS": str(web_workers),
                    **(settings or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=processes.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509  no thread yet
            )
        try:
            ready = folder / "ready.json"
            processes.wait_until(
                lambda: ready.exists() or process.poll() is not None, _STARTS_WITHIN
            )
            assert ready.exists(), (folder / "stage.log").read_text(errors="replace")[-4000:]
            yield Stage(folder, process, settings or {})
        finally:
            processes.end(process.pid, (signal.SIGTERM, 20.0), (signal.SIGKILL, 2.0))
            process.wait()
