"""The web process, really started: its workers are replaced and no client notices."""

import http.client
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.launcher import bootstrap, processes

_APPLICATION = """
    import os, time
    def application(environ, start_response):
        time.sleep(0.01)
        said = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(os.getpid()).encode() + b" " + said]
"""
_SERVE = """
    import sys
    from config import web
    sys.path.insert(0, sys.argv[1])
    server = web.make_server("tiny:application", starting_seconds=0.3)
    server.retiring_seconds = 0.5
    server.serve(target_loader=web.load_application)
"""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A web process with two workers that serves a tiny application, and its port."""
    (tmp_path / "tiny.py").write_text(textwrap.dedent(_APPLICATION))
    port = processes.free_port()
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_SERVE), str(tmp_path)],
        cwd=bootstrap.ROOT,
        env={"PATH": os.environ["PATH"], "PORT": str(port), "WEB_WORKERS": "2"},
    ) as server:
        up: Counter[str] = Counter()
        assert processes.wait_until(lambda: len(_workers_up(port, up)) == 2, 20)
        yield server, port
        server.terminate()


def _ask(line: http.client.HTTPConnection, seen: Counter[str]) -> bool:
    """Post once, count answer and worker, or the fault; return whether the connection goes on."""
    try:
        line.request("POST", "/", body=b"words")
        answer = line.getresponse()
        worker, _, said = answer.read().partition(b" ")
    except (OSError, http.client.HTTPException) as fault:
        seen[type(fault).__name__] += 1
        return False
    seen[f"{answer.status} {said.decode()}"] += 1
    seen[f"worker {worker.decode()}"] += 1
    return not answer.will_close


def _keep_asking(port: int, over: threading.Event, seen: Counter[str], *, keeps: bool) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    while not over.is_set():
        if not (_ask(line, seen) and keeps):
            line.close()
    line.close()


def _workers(seen: Counter[str]) -> set[str]:
    return {name for name in list(seen) if name.startswith("worker")}


def _workers_up(port: int, seen: Counter[str]) -> set[str]:
    """Ask on a connection of its own, and return the workers that have answered so far."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    _ask(line, seen)
    line.close()
    return _workers(seen)


@pytest.mark.parametrize("keeps", [False, True], ids=["fresh", "kept"])
def test_replacing_the_workers_fails_no_request(
    web: tuple[subprocess.Popen[bytes], int], *, keeps: bool
) -> None:
    # given clients that never stop asking, on new connections or on kept ones
    server, port = web
    over, seen = threading.Event(), Counter[str]()
    clients = [
        threading.Thread(target=_keep_asking, args=(port, over, seen), kwargs={"keeps": keeps})
        for _ in range(16)
    ]
    for client in clients:
        client.start()
    processes.wait_until(lambda: len(_workers(seen)) == 2, 20)
    first = _workers(seen)

    # when
    server.send_signal(signal.SIGHUP)
    processes.wait_until(lambda: len(_workers(seen) - first) == 2, 20)
    time.sleep(1.5)
    over.set()
    for client in clients:
        client.join()

    # then
    assert set(seen) - _workers(seen) == {"200 words"}
    assert (len(first), len(_workers(seen) - first)) == (2, 2)
