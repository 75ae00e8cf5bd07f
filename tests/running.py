"""Starts real processes of ours for a test, behind a line to the database that can be cut."""

import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self
from urllib.parse import urlsplit

from config.launcher import __main__ as launcher
from config.launcher import bootstrap, processes, state

METRICS_TOKEN = "a-token-of-the-tests"


class Line:
    """Passes bytes on to a server, until it is cut; ``port`` takes the calls."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = processes.free_port()
        self.mend()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Refuse new calls and end those there are."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.drop()

    def drop(self) -> None:
        """End the calls there are, as a server that comes back at once does."""
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_told: object) -> None:
        self.cut()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                caller, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def _pass_on(self, caller: socket.socket) -> None:
        with caller, socket.create_connection(self._target) as server:
            pair = {caller: server, server: caller}
            self._open.update(pair)
            with contextlib.suppress(OSError):
                while True:
                    for ready in select.select(list(pair), [], [])[0]:
                        part = ready.recv(65_536)
                        if not part:
                            return
                        pair[ready].sendall(part)
            self._open.difference_update(pair)


@dataclass
class Running:
    """One process, and where it writes what it has to say."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Return what the processes of a test read, made as ``make up`` makes it."""
    ports = {part: processes.free_port() for part in ("web", "sandbox", "mailin")}
    made = launcher.environment(state.Secrets.kept_in(folder / "secrets.json"), ports)
    made.pop("DATABASE_OWNER_URL", None)
    return {
        **made,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "RUN_DIR": str(folder),
        "MEDIA_ROOT": str(folder / "media"),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        "METRICS_TOKEN": METRICS_TOKEN,
        "PUBLIC_HOST": "localhost:8000",
        "LOG_LEVEL": "INFO",
        "WEB_WORKERS": "1",
        "WORKERS": "1",
        **changes,
    }


@contextmanager
def running(names: list[str], env: Mapping[str, str], folder: Path) -> Iterator[dict[str, Running]]:
    """Run the named programs of the Procfile, and end them."""
    commands = launcher.procfile(env)
    with ExitStack() as stack:
        started: dict[str, Running] = {}
        stack.callback(_end, started)
        for name in names:
            log = folder / f"{name}.log"
            output: IO[bytes] = stack.enter_context(log.open("wb"))
            process = subprocess.Popen(
                commands[name],
                cwd=bootstrap.ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            started[name] = Running(process, log)
        yield started


def _end(started: Mapping[str, Running]) -> None:
    ending = [each.process for each in started.values()]
    for process in ending:
        process.terminate()
    for process in ending:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def through(line: Line, url: str) -> str:
    """Return a database's address with ``line`` in its way."""
    parts = urlsplit(url)
    return url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{line.port}")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float


def get(port: int, path: str, *, host: str = "localhost:8000", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    began = time.monotonic()
    try:
        connection.request("GET", path, headers={"Host": host, **headers})
        answer = connection.getresponse()
        body = answer.read()
        return Answer(answer.status, answer.headers, body, time.monotonic() - began)
    finally:
        connection.close()
