"""What a run leaves in ``.run`` for the next: secrets, ports, and the lock of the one running."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from config.launcher.servers import Passwords


class AlreadyRunning(Exception):
    """Another launcher holds this folder."""


@dataclass(frozen=True)
class Secrets:
    """Made once for a folder, since sealed rows and the database's roles depend on them."""

    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    sealing_keys: str = field(
        default_factory=lambda: "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()
    )
    postgres_superuser: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    postgres_owner: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    postgres_login: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    valkey: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    demo_password: str = field(default_factory=lambda: secrets.token_urlsafe(15))
    sandbox_app_key: str = field(default_factory=lambda: secrets.token_hex(7))
    sandbox_app_secret: str = field(default_factory=lambda: secrets.token_hex(20))
    metrics_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @classmethod
    def kept_in(cls, path: Path) -> Self:
        """Return what ``path`` holds, with what it lacks made and written back."""
        known = read_json(path)
        kept = cls(**{each.name: known[each.name] for each in fields(cls) if each.name in known})
        if asdict(kept) != known:
            write_json(path, asdict(kept))
        return kept

    @property
    def passwords(self) -> Passwords:
        return Passwords(self.postgres_superuser, self.postgres_owner, self.postgres_login)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in ``path``, empty when there is no such file."""
    try:
        return parse_json(path.read_text())
    except FileNotFoundError:
        return {}


def parse_json(text: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    return content


def write_json(path: Path, content: Any) -> None:
    """Write ``path`` whole or not at all, readable by its owner only."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(content, indent=2) + "\n")
    unfinished.replace(path)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold ``path`` as the one launcher of its folder; the lock ends with the process.

    Raises:
        AlreadyRunning: with the number of the process that holds it.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(lock.read().strip()) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
