"""A PgBouncer in transaction mode, as a service's operator may put before the database."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import psycopg

from config.launcher import processes, test_programs
from config.launcher.servers import account_for_postgres

_SETTINGS: Final = """
[databases]
{database} = host={host} port={server_port} dbname={database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
admin_users = {user}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 400
server_login_retry = 1
query_wait_timeout = {wait}
ignore_startup_parameters = extra_float_digits
"""


class Pooler:
    """One PgBouncer before the database at ``url``, lending ``size`` connections in turn.

    Who has waited for one for ``wait`` seconds is refused.
    ``url`` then reads as the database's own does, but for the port. It can be killed and started
    again on the same port.
    """

    def __init__(self, url: str, *, size: int = 4, wait: int = 20, port: int | None = None) -> None:
        self.server = urlsplit(url)
        self.size = size
        self.wait = wait
        self.port = port or 0
        self.folder = tempfile.TemporaryDirectory(prefix="storewarden-pooler-")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        userinfo = self.server.netloc.rpartition("@")[0]
        return f"postgresql://{userinfo}@127.0.0.1:{self.port}{self.server.path}"

    @property
    def log(self) -> str:
        return (Path(self.folder.name) / "log").read_text(errors="replace")

    def start(self) -> Self:
        """Start it and return when the database answers through it."""
        program = test_programs.PGBOUNCER.find()
        assert program, "There is no PgBouncer: `make test` installs it, or name one by PGBOUNCER=."
        self.port = processes.free_port(self.port)
        settings = self._write_settings()
        account = account_for_postgres()  # it refuses root, as the database does
        with (Path(self.folder.name) / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, str(settings)],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=processes.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509  no thread
            )
        assert processes.wait_until(self._answers, 10), f"PgBouncer does not answer:\n{self.log}"
        return self

    def stop(self) -> None:
        """End it at once; what runs through it is cut off."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.folder.cleanup()

    def _write_settings(self) -> Path:
        folder, user = Path(self.folder.name), unquote(self.server.username or "")
        users, settings = folder / "users.txt", folder / "pgbouncer.ini"
        users.write_text(f'"{user}" "{unquote(self.server.password or "")}"\n')
        settings.write_text(
            _SETTINGS.format(
                database=self.server.path.strip("/"),
                host=self.server.hostname,
                server_port=self.server.port,
                port=self.port,
                users=users,
                user=user,
                size=self.size,
                wait=self.wait,
            )
        )
        if account := account_for_postgres():
            for path in (folder, users, settings):
                os.chown(path, account.uid, account.gid)
        return settings

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
