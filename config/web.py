"""Serves the pages: granian, its workers replaced under load without a lost request.

SIGHUP to this process puts new workers, with new code, in the old ones' place, one by one. Stock
granian resets what waits in an old worker's queue, and closes a connection that was taken but has
not asked yet. Here the new worker inherits the queue of the old one, which first takes no more
connections, answers those it has, and then ends.
"""

import json
import multiprocessing
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from config import env

_RETIRE: Final = signal.SIGUSR1
# So long an old worker serves on while the new one imports the application.
_STARTING_SECONDS: Final = 3.5
# So long its connections then have to ask what they came for, and to learn with the answer that
# they end; only one that stays idle throughout is closed without a word.
_RETIRING_SECONDS: Final = 2.0
_LONGEST_REQUEST: Final = 30  # seconds; then an old worker is killed
LOGGING: Final = Path(__file__).with_name("granian_logging.json")
_OPEN_FILES: Final = Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


class Server(MPServer):  # type: ignore[misc]
    """Granian's server, whose workers take over each other's connections and retire in peace."""

    _ssp: Any
    retiring_seconds = _RETIRING_SECONDS

    def _init_shared_socket(self) -> None:
        super()._init_shared_socket()
        # Where the system shares a port's connections out, each worker has a queue of its own,
        # which stays when the worker goes. Elsewhere all share one already.
        spec = self._ssp
        self._queues = [spec.build() for _ in range(self.workers)] if spec else []
        self._ssp = None

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any) -> Any:
        if self._queues:
            self._shd = self._queues[idx]
        return super()._spawn_worker(idx, target, callback_loader)

    def _respawn_workers(
        self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        for index in workers:
            self.respawned_wrks[index] = time.monotonic()
            old = self.wrks[index]
            new = self._spawn_worker(idx=index, target=spawn_target, callback_loader=target_loader)
            new.start()
            self.wrks[index] = new
            if not old.is_alive():  # it failed, and is replaced at once
                continue
            time.sleep(delay)
            with suppress(ProcessLookupError):
                os.kill(old.inner.pid, _RETIRE)
                time.sleep(self.retiring_seconds)
            old.terminate()
            old.join(self.workers_kill_timeout)
            if old.is_alive():
                old.kill()
                old.join()
        self._metrics.incr_spawn(len(workers))


def load_application(target: str) -> Application:
    """Return a worker's application ("module:name"), which says when its connections end."""
    module, _, name = target.partition(":")
    application: Application = getattr(import_module(module), name)
    is_retiring = False

    def retire(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_retiring
        is_retiring = True
        _accept_no_more()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            goodbye = [("Connection", "close")] if is_retiring else []
            return start_response(status, [*headers, *goodbye], exc_info)

        answered = application(environ, start)
        if is_retiring:  # a connection that closes on words still unread resets its answer too
            environ["wsgi.input"].read()
        return answered

    signal.signal(_RETIRE, retire)
    return answer


def _accept_no_more() -> None:
    """Put a socket that nobody knows in the place of each listening one of this process.

    Granian knows no way to leave a queue and live on. The real one goes on in the new worker.
    """
    deaf = socket.create_server(("127.0.0.1", 0))
    deaf.setblocking(False)  # noqa: FBT003 - socket's signature
    for descriptor in [int(path.name) for path in _OPEN_FILES.iterdir()]:
        if descriptor != deaf.fileno() and _is_listening(descriptor):
            os.dup2(deaf.fileno(), descriptor)


def _is_listening(descriptor: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return False
        with socket.socket(fileno=os.dup(descriptor)) as found:
            return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # closed since it was listed
        return False


def make_server(
    target: str = "config.wsgi:application", *, starting_seconds: float = _STARTING_SECONDS
) -> Server:
    """Return the server that the environment describes."""
    return Server(
        target,
        address=env.text("HOST", "127.0.0.1"),
        port=env.number("PORT", 8000),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=env.number("WEB_WORKERS", 2),
        blocking_threads=env.number("DATABASE_POOL_SIZE", 4),
        respawn_failed_workers=True,
        respawn_interval=starting_seconds,
        workers_kill_timeout=_LONGEST_REQUEST,
        log_level=LogLevels.warning,
        log_dictconfig=json.loads(LOGGING.read_text()),
    )


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")  # so that a worker has the queue; to be had everywhere
    make_server().serve(target_loader=load_application)
