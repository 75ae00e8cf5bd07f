"""The embedded servers, really started: they keep data, come back, and leave nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.launcher import processes
from config.launcher.servers import (
    Passwords,
    PostgresServer,
    ServerNotStarted,
    ValkeyServer,
    revive,
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the database's own user can reach; tmp_path lies in one closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def _rows(url: str) -> list[tuple[int]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT number FROM kept").fetchall()


def _keep(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def test_postgres_keeps_its_data_over_stop_and_kill(place: Path) -> None:
    # given a server with a row, stopped in peace
    passwords = Passwords()
    with PostgresServer(place / "data", passwords=passwords) as server:
        _keep(server.owner_url, 1)

    # when the next one's postmaster is killed, and a third starts on its data
    killed = PostgresServer(place / "data", passwords=passwords).start()
    _keep(killed.owner_url, 2)
    assert killed.process is not None
    killed.process.kill()
    killed.process.wait()

    # then
    with PostgresServer(place / "data", passwords=passwords) as server:
        assert _rows(server.owner_url) == [(1,), (2,)]


def test_postgres_takes_over_from_a_server_that_still_runs(place: Path) -> None:
    passwords = Passwords()
    abandoned = PostgresServer(place / "data", passwords=passwords).start()
    _keep(abandoned.owner_url, 1)
    assert abandoned.process is not None

    with PostgresServer(place / "data", passwords=passwords) as server:
        assert _rows(server.owner_url) == [(1,)]
        assert abandoned.process.wait(timeout=5) == 0


def test_postgres_leaves_alone_a_process_that_only_has_the_number(place: Path) -> None:
    # given a pid file that names a living process which is no server of this folder
    passwords = Passwords()
    PostgresServer(place / "data", passwords=passwords, durable=False).start().stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file = place / "data" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{place / 'data'}\n1\n5432\n\n127.0.0.1\n\n")

        # when
        PostgresServer(place / "data", passwords=passwords).end_leftover()

        # then
        assert stranger.poll() is None
        stranger.kill()


def test_postgres_gives_its_two_roles_what_each_needs(place: Path) -> None:
    with PostgresServer(place / "data", durable=False) as server:
        asked = (
            "SELECT current_user, rolsuper, rolinherit, rolcreaterole, rolcreatedb,"
            " pg_get_userbyid(datdba) FROM pg_roles, pg_database"
            " WHERE rolname = current_user AND datname = current_database()"
        )
        with psycopg.connect(server.owner_url) as connection:
            owner = connection.execute(asked).fetchone()
        with psycopg.connect(server.url) as connection:
            login = connection.execute(asked).fetchone()

    assert owner == ("storewarden_owner", False, True, True, True, "storewarden_owner")
    assert login == ("storewarden", False, False, False, False, "storewarden_owner")


def test_postgres_refuses_a_wrong_password_and_names_the_cause(place: Path) -> None:
    PostgresServer(place / "data", durable=False).start().stop()

    with pytest.raises(ServerNotStarted, match="was made with another password"):
        PostgresServer(place / "data", durable=False).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")
def test_postgres_as_root_moves_its_data_where_its_user_can_reach_it(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)

    passwords = Passwords()
    server = PostgresServer(closed / "data", passwords=passwords)
    try:
        with server:
            assert server.data_dir.parent == Path("/var/lib/storewarden")
            _keep(server.owner_url, 1)
        with PostgresServer(closed / "data", passwords=passwords) as again:
            assert _rows(again.owner_url) == [(1,)]
    finally:
        shutil.rmtree(server.data_dir)

    assert closed.stat().st_mode & 0o777 == 0o700


def test_valkey_keeps_its_data_over_a_kill(tmp_path: Path) -> None:
    killed = ValkeyServer(tmp_path / "valkey", password="one").start()
    with redis.Redis.from_url(killed.url) as client:
        client.set("kept", "1")
        client.execute_command("WAITAOF", 1, 0, 1000)
    assert killed.process is not None
    killed.process.kill()
    killed.process.wait()

    with (
        ValkeyServer(tmp_path / "valkey", password="two") as server,
        redis.Redis.from_url(server.url) as client,
    ):
        assert client.get("kept") == b"1"


def test_valkey_that_is_not_durable_comes_back_empty(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path / "valkey", durable=False).start()
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "1")
    assert server.process is not None
    server.process.kill()
    server.process.wait()

    assert revive(server)
    with redis.Redis.from_url(server.url) as client:
        kept = client.get("kept")
    server.stop()
    assert kept is None


def test_a_server_is_revived_on_its_port_and_only_when_it_has_died(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path / "valkey") as server:
        port = server.port
        assert server.process is not None
        server.process.kill()
        server.process.wait()

        assert (revive(server), revive(server)) == (True, False)
        assert (server.port, processes.answers(port)) == (port, True)


def test_valkey_takes_over_from_a_server_that_still_runs(tmp_path: Path) -> None:
    abandoned = ValkeyServer(tmp_path / "valkey").start()
    assert abandoned.process is not None

    with ValkeyServer(tmp_path / "valkey"):
        assert abandoned.process.wait(timeout=5) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_servers_end_with_the_process_that_started_them(place: Path) -> None:
    # given another process that starts both
    script = """
        import sys, time
        from pathlib import Path
        from config.launcher.servers import PostgresServer, ValkeyServer
        place = Path(sys.argv[1])
        postgres = PostgresServer(place / "data", durable=False).start()
        valkey = ValkeyServer(place / "valkey").start()
        print(postgres.process.pid, valkey.process.pid, flush=True)
        time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(place)],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        servers = [int(pid) for pid in parent.stdout.readline().split()]
        assert [processes.is_alive(pid) for pid in servers] == [True, True]

        # when
        parent.send_signal(signal.SIGKILL)

        # then
        assert processes.wait_until(lambda: not any(map(processes.is_alive, servers)), 10)
