"""Start and end operating-system processes so that none outlives the one that started it."""

import ctypes
import os
import platform
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ON_LINUX = platform.system() == "Linux"
_PR_SET_PDEATHSIG = 1
_NO_CLIENTS_PORTS = range(20_000, 32_000)
_LIBC = ctypes.CDLL(None, use_errno=True) if ON_LINUX else None


def dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return a ``preexec_fn`` that has the child signalled when its parent dies; Linux only.

    It must run after a change of user, which clears the setting; subprocess keeps that order.
    """
    if _LIBC is None:
        return None
    prctl, parent = _LIBC.prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before we could ask
            os.kill(os.getpid(), signal.SIGKILL)

    return ask


def is_alive(pid: int) -> bool:
    """Return whether ``pid`` runs; a zombie that nobody has reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return not ON_LINUX
    return state not in {"Z", "X"}


def command_of(pid: int) -> str:
    """Return the command line of ``pid``, blank when it has none or is gone."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        pass
    if ON_LINUX:
        return ""
    return _ps("command=", "-p", str(pid)).strip()


def end(pid: int, *steps: tuple[signal.Signals, float]) -> bool:
    """Send each signal in turn until ``pid`` is gone, waiting so many seconds after each."""
    for number, patience in steps:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until(lambda: not is_alive(pid), patience):
            return True
    return not is_alive(pid)


def wait_until(holds: Callable[[], bool], seconds: float, *, pause: float = 0.02) -> bool:
    """Poll until ``holds()``; False when it does not within ``seconds``."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(pause)
    return True


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(preferred: int | None = None) -> int:
    """Return ``preferred`` when nothing listens there, else a free port of 127.0.0.1.

    It is none of those that the system hands to clients, where there is another: one of these
    could be taken by whoever knocks, in vain, on the port of a server that is down for a moment.
    """
    if preferred and is_free(preferred):
        return preferred
    for _attempt in range(50):
        port = secrets.choice(_NO_CLIENTS_PORTS)
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, host: str = "127.0.0.1") -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def birth_of(pid: int) -> str:
    """Return when ``pid`` was started, in the system's own terms and without spaces, or a blank.

    With the number it names one process for good: numbers are given out again, moments are not.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    if ON_LINUX:
        return ""
    return "-".join(_ps("lstart=", "-p", str(pid)).split())


def group_members(group: int) -> list[int]:
    """Return the processes of a process group, dead ones left out."""
    if ON_LINUX:
        numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in numbers if _group_of(pid) == group and is_alive(pid)]
    rows = (row.split() for row in _ps("pid=,pgid=", "-a", "-x").splitlines())
    return [int(pid) for pid, its_group in rows if int(its_group) == group]


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _ps(columns: str, *which: str) -> str:
    command = ["ps", "-o", columns, *which]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
