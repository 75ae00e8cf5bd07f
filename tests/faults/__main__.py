"""The process that runs the stage: all of Storewarden, started anew by our launcher when it dies.

Called as ``python -m tests.faults AGENCIES``; everything lies in RUN_DIR and ends with it.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from types import FrameType
from typing import Any, Final, NoReturn

from config.launcher import __main__ as launcher
from config.launcher import bootstrap, processes, state
from config.launcher.servers import PostgresServer, Server, ServerNotStarted, ValkeyServer, revive
from config.launcher.supervisor import Program, Supervisor, show
from tests.pooler import Pooler

FOLDER: Final = launcher.RUN_DIR
POOLED_CONNECTIONS: Final = 8
LONGEST_WAIT: Final = 5  # seconds for one of them; what waits longer is better told to come again
LONGEST_PAUSE: Final = 1.0  # seconds before what keeps dying is started again
COPIES: Final = {"worker": 2, "dispatcher": 2}
LEFT_OUT: Final = {"provision", "mailin"}


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    with suppress(launcher.Stopped), ExitStack() as stack:
        _run(stack, agencies=int(sys.argv[1]))


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise launcher.Stopped


def _run(stack: ExitStack, agencies: int) -> None:
    supervisor = Supervisor(bootstrap.ROOT, FOLDER, patience=0.5, longest_pause=LONGEST_PAUSE)
    secrets = state.Secrets.kept_in(FOLDER / "secrets.json")
    ports = launcher.choose_ports(str(processes.free_port()), {})
    postgres = PostgresServer(FOLDER / "postgres", passwords=secrets.passwords)
    valkey = ValkeyServer(FOLDER / "valkey", durable=False)
    stack.callback(_end_at_once, postgres)
    stack.callback(valkey.stop)
    postgres.start()
    valkey.start()
    pooler = stack.enter_context(Pooler(postgres.url, size=POOLED_CONNECTIONS, wait=LONGEST_WAIT))
    servers: dict[str, Server] = {"postgres": postgres, "valkey": valkey, "pooler": pooler}

    env = launcher.environment(secrets, ports) | {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "DATABASE_URL": pooler.url,
        "REDIS_URL": valkey.url,
    }
    owner_env = env | {"DATABASE_OWNER_URL": postgres.owner_url}
    stack.callback(supervisor.stop)
    python = str(bootstrap.VENV_PYTHON)
    supervisor.run(Program("migrate", [python, "manage.py", "migrate_agencies"], owner_env))
    for program in _programs(env):
        supervisor.start(program)
    found = [python, "-m", "tests.faults.founding", str(agencies)]
    (told,) = supervisor.run(Program("founding", found, owner_env))
    if not supervisor.wait(lambda: launcher._web_answers(ports["web"]), 60):
        raise launcher.Refused("The web process does not answer.")
    ready = {
        "web_port": ports["web"],
        "public_host": env["PUBLIC_HOST"],
        "owner_url": postgres.owner_url,
        "superuser_password": secrets.passwords.superuser,
        "postgres_port": postgres.port,
        "env": {name: env[name] for name in env if name not in os.environ},
        **state.parse_json(told),
    }
    _note(servers)
    state.write_json(FOLDER / "ready.json", ready)
    _keep(supervisor, servers)


def _end_at_once(postgres: PostgresServer) -> None:
    postgres.durable = False  # nothing of it is wanted any more
    postgres.stop()


def _programs(env: dict[str, str]) -> list[Program]:
    programs = []
    for name, command in launcher.procfile(env).items():
        if name in LEFT_OUT:
            continue
        for number in range(1, COPIES.get(name, 1) + 1):
            words = [word.replace("worker@", f"worker{number}@") for word in command]
            programs.append(Program(f"{name}-{number}", words, env))
    return programs


def _keep(supervisor: Supervisor, servers: dict[str, Server]) -> NoReturn:
    """Start again what dies, but for what is held down."""
    while True:
        for program in supervisor.programs:
            if (FOLDER / f"{program.name}.held").exists():
                program.start_again_at = time.monotonic() + LONGEST_PAUSE
        supervisor.tick()
        for name, server in servers.items():
            if (FOLDER / f"{name}.held").exists():
                continue
            began = time.monotonic()
            try:
                revived = revive(server)
            except (ServerNotStarted, AssertionError) as failure:  # tried again in a moment
                show(f"{name}: {failure}".encode())
                continue
            if revived:
                show(f"{name} started again in {time.monotonic() - began:.1f} s".encode())
                _note(servers)


def _note(servers: dict[str, Server]) -> None:
    """Tell which processes the servers are now."""
    noted: dict[str, Any] = {}
    for name, server in servers.items():
        assert isinstance(server.process, subprocess.Popen)
        noted[name] = {"pid": server.process.pid, "born": processes.birth_of(server.process.pid)}
    state.write_json(FOLDER / "servers.json", noted)


if __name__ == "__main__":
    main()
