"""What the launcher keeps between runs, and how it runs programs."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.launcher import __main__ as launcher
from config.launcher import bootstrap, doctor, processes, state
from config.launcher.supervisor import Program, ProgramFailed, Supervisor

_ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(bootstrap.ROOT, tmp_path, patience=0.5)
    yield supervisor
    supervisor.stop()


@pytest.fixture
def listener() -> Iterator[int]:
    """A port on which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _python(name: str, script: str) -> Program:
    return Program(name, [sys.executable, "-c", script], _ENVIRONMENT)


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    first, second = state.Secrets.kept_in(path), state.Secrets.kept_in(path)

    assert first == second
    assert path.stat().st_mode & 0o777 == 0o600
    assert state.Secrets.kept_in(tmp_path / "others.json") != first


def test_secrets_of_an_older_run_gain_what_they_lack(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    state.write_json(path, {"secret_key": "kept"})

    kept = state.Secrets.kept_in(path)

    assert kept.secret_key == "kept"
    assert state.read_json(path)["valkey"] == kept.valkey


def test_only_one_launcher_holds_a_folder(tmp_path: Path) -> None:
    with (
        state.only_one(tmp_path / "lock"),
        pytest.raises(state.AlreadyRunning, match=str(os.getpid())),
        state.only_one(tmp_path / "lock"),
    ):
        pass
    with state.only_one(tmp_path / "lock"):
        pass


def test_a_free_port_is_the_preferred_one_unless_something_listens(listener: int) -> None:
    unused = processes.free_port()

    assert processes.free_port(unused) == unused
    assert processes.free_port(listener) != listener


def test_a_free_port_is_none_that_the_system_gives_to_clients() -> None:
    # on Linux those start at 32768, elsewhere at 49152
    assert [port for port in (processes.free_port() for _ in range(20)) if port >= 32_768] == []


def test_ports_are_those_of_last_time_and_the_one_asked_for(listener: int) -> None:
    # given last time's ports, one of which is taken now
    unused, wish = processes.free_port(), processes.free_port()

    # when
    ports = launcher.choose_ports(str(wish), {"sandbox": unused, "mailin": listener})

    # then
    assert (ports["web"], ports["sandbox"]) == (wish, unused)
    assert len({*ports.values(), listener}) == 4


@pytest.mark.parametrize("wish", ["taken", "http"])
def test_a_port_that_cannot_be_had_is_refused(listener: int, wish: str) -> None:
    asked = str(listener) if wish == "taken" else wish

    with pytest.raises(launcher.Refused, match=f"PORT={asked} is taken or is no port"):
        launcher.choose_ports(asked, {})


def test_only_the_provisioner_learns_the_owners_address(tmp_path: Path) -> None:
    env = launcher.environment(
        state.Secrets.kept_in(tmp_path / "secrets.json"),
        {"web": 8000, "sandbox": 8010, "mailin": 8025},
    )

    assert set(launcher.procfile(env)) == {
        "web", "worker", "sync", "provision", "dispatcher", "mailin", "sandbox",
    }  # fmt: skip
    assert {"provision"} == launcher.OWNERS
    assert env["PUBLIC_HOST"] == "localhost:8000"


def test_a_run_counts_from_nothing_in_a_folder_of_its_own(tmp_path: Path) -> None:
    env = launcher.environment(
        state.Secrets.kept_in(tmp_path / "secrets.json"),
        {"web": 8000, "sandbox": 8010, "mailin": 8025},
    )
    left = launcher.METRICS_DIR / "counter_1.db"
    left.parent.mkdir(exist_ok=True)
    left.touch()

    launcher.begin_to_count()

    assert env["PROMETHEUS_MULTIPROC_DIR"] == str(launcher.METRICS_DIR)
    assert list(launcher.METRICS_DIR.iterdir()) == []


def test_the_token_of_the_metrics_is_kept_and_told_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    secrets = state.Secrets.kept_in(path)
    ports = {"web": 8000, "sandbox": 8010, "mailin": 8025}
    demo = {"agency": "harbour", "email": "o@example.com", "api_key": "k", "people": []}

    assert launcher.environment(secrets, ports)["METRICS_TOKEN"] == secrets.metrics_token
    assert state.read_json(path)["metrics_token"] == secrets.metrics_token
    assert secrets.metrics_token not in json.dumps(launcher.ready_state(ports, secrets, demo))


def test_the_doctor_is_given_the_addresses_of_what_runs(tmp_path: Path) -> None:
    secrets = state.Secrets.kept_in(tmp_path / "secrets.json")
    state.write_json(tmp_path / "ports.json", {"web": 8001, "postgres": 5001, "valkey": 5002})

    env = doctor.environment_of(tmp_path, given={})

    assert (env["DATABASE_URL"], env["DATABASE_OWNER_URL"], env["REDIS_URL"]) == (
        f"postgresql://storewarden:{secrets.postgres_login}@127.0.0.1:5001/storewarden",
        f"postgresql://storewarden_owner:{secrets.postgres_owner}@127.0.0.1:5001/storewarden",
        f"redis://:{secrets.valkey}@127.0.0.1:5002/0",
    )
    assert (env["PUBLIC_HOST"], env["METRICS_TOKEN"]) == ("localhost:8001", secrets.metrics_token)


def test_the_doctor_keeps_addresses_that_are_given(tmp_path: Path) -> None:
    state.Secrets.kept_in(tmp_path / "secrets.json")
    state.write_json(tmp_path / "ports.json", {"web": 8001, "postgres": 5001})
    given = {"DATABASE_URL": "postgresql://u@h/d", "REDIS_URL": "redis://h/1"}

    env = doctor.environment_of(tmp_path, given=given)

    assert (env["DATABASE_URL"], env["DATABASE_OWNER_URL"], env["REDIS_URL"]) == (
        "postgresql://u@h/d",
        "postgresql://u@h/d",
        "redis://h/1",
    )


def test_the_doctor_refuses_where_nothing_was_started(tmp_path: Path) -> None:
    with pytest.raises(launcher.Refused, match="Nothing was started here yet: make up"):
        doctor.environment_of(tmp_path, given={})


def test_ready_state_is_what_the_contract_says(tmp_path: Path) -> None:
    secrets = state.Secrets.kept_in(tmp_path / "secrets.json")
    demo = {"agency": "harbour", "email": "o@example.com", "api_key": "k", "people": []}

    ready = launcher.ready_state({"web": 8000, "sandbox": 8010, "mailin": 8025}, secrets, demo)

    assert json.loads(json.dumps(ready)) == {
        "public_url": "http://localhost:8000/",
        "api_url": "http://localhost:8000/api/v1/",
        "sandbox_url": "http://localhost:8010/",
        "mailin": {"host": "127.0.0.1", "port": 8025},
        "demo": {
            "agency": "harbour",
            "url": "http://harbour.localhost:8000/",
            "email": "o@example.com",
            "password": secrets.demo_password,
            "api_key": "k",
        },
    }


def test_supervisor_returns_what_a_command_printed(supervisor: Supervisor) -> None:
    shouts = _python("shouts", "import sys; print(sys.stdin.read().upper())")

    assert supervisor.run(shouts, given=b"word") == ["WORD\n"]


def test_supervisor_names_a_command_that_failed(supervisor: Supervisor) -> None:
    fails = _python("fails", "raise SystemExit('cannot')")

    with pytest.raises(ProgramFailed, match="fails failed; see"):
        supervisor.run(fails)

    assert (supervisor.logs / "fails.log").read_text() == "cannot\n"


def test_supervisor_starts_again_what_died(supervisor: Supervisor) -> None:
    sleeper = _python("sleeper", "import time; print('up'); time.sleep(60)")
    log = supervisor.logs / "sleeper.log"
    supervisor.start(sleeper)
    assert supervisor.wait(lambda: log.exists() and log.read_text() == "up\n", 10)
    assert sleeper.process is not None

    sleeper.process.kill()

    assert supervisor.wait(lambda: log.read_text() == "up\nup\n", 10)


def test_supervisor_ends_the_whole_group_of_a_program_that_will_not_go(
    supervisor: Supervisor,
) -> None:
    # given a program and its child, both deaf to SIGTERM
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    child = f"[sys.executable, '-c', \"{deaf} print('up', flush=True); time.sleep(60)\"]"
    stubborn = _python(
        "stubborn", f"{deaf} import subprocess, sys; subprocess.Popen({child}); time.sleep(60)"
    )
    log = supervisor.logs / "stubborn.log"
    supervisor.start(stubborn)
    assert supervisor.wait(lambda: log.exists() and log.read_text() == "up\n", 10)
    assert stubborn.process is not None
    group = stubborn.process.pid
    assert len(processes.group_members(group)) == 2

    # when
    supervisor.stop()

    # then
    assert processes.wait_until(lambda: processes.group_members(group) == [], 5)


def test_supervisor_ends_leftovers_and_nobody_else(supervisor: Supervisor) -> None:
    # given a pid file that names a program of ours, and a stranger under a number of ours
    in_folder = [sys.executable, "-c", "import time; time.sleep(60)", str(bootstrap.ROOT)]
    with (
        subprocess.Popen(in_folder, start_new_session=True) as leftover,
        subprocess.Popen(in_folder, start_new_session=True) as stranger,
    ):
        named = [
            {"pid": leftover.pid, "born": processes.birth_of(leftover.pid)},
            {"pid": stranger.pid, "born": "another moment"},
        ]
        state.write_json(supervisor.pid_file, {"processes": named})

        # when
        supervisor.end_leftovers()

        # then
        assert leftover.wait(timeout=5) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()
    assert not supervisor.pid_file.exists()


def test_bootstrap_installs_the_uv_that_the_lock_names() -> None:
    lock = (bootstrap.ROOT / "requirements.lock").read_text()

    block = bootstrap.uv_block(lock)

    assert block.startswith("uv==")
    assert block.count("==") == 1
    assert block.count("--hash=sha256:") > 1
