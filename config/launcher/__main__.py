"""Run Storewarden on this machine: ``make up``."""

import http.client
import os
import shlex
import shutil
import signal
import string
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from config.launcher import bootstrap, processes, state
from config.launcher.servers import (
    PostgresServer,
    Server,
    ServerNotStarted,
    ValkeyServer,
    revive,
)
from config.launcher.supervisor import Program, ProgramFailed, Supervisor

ROOT: Final = bootstrap.ROOT
RUN_DIR: Final = Path(os.environ.get("RUN_DIR", str(ROOT / ".run"))).absolute()
READY_FILE: Final = RUN_DIR / "ready.json"
DEMO_FILE: Final = RUN_DIR / "demo.json"
METRICS_DIR: Final = RUN_DIR / "metrics"
DEFAULT_PORTS: Final = {"web": 8000, "sandbox": 8010, "mailin": 8025}
ANSWERING: Final = {"web", "mailin", "sandbox"}
# Besides commands run by hand, only this process may change schemas.
OWNERS: Final = {"provision"}
# Pages of packages that we do not show; to compress them takes longer than all of ours.
UNUSED_STATIC: Final = ("rest_framework", "redoc")
SANDBOX_MAIL_DOMAIN: Final = "tiktok-shop.sandbox.test"
_READY_WITHIN: Final = 120.0  # seconds


class Stopped(BaseException):
    """Somebody asked us to end; not an Exception, so that nothing on the way keeps it."""


class Refused(Exception):
    """What was asked for cannot be done; the text is for the person at the terminal."""


def main() -> int:
    started_at = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    RUN_DIR.mkdir(exist_ok=True)
    try:
        with ExitStack() as stack:
            stack.enter_context(state.only_one(RUN_DIR / "lock"))
            stack.callback(READY_FILE.unlink, missing_ok=True)
            READY_FILE.unlink(missing_ok=True)
            _run(stack, started_at)
    except state.AlreadyRunning as other:
        print(f"Storewarden runs in this folder already, as process {other}.")
        return 1
    except (Refused, ServerNotStarted, ProgramFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    except Stopped:
        print("Storewarden has ended.")
        return 0


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # make passes the same signal on a second time
    raise Stopped


def _run(stack: ExitStack, started_at: float) -> NoReturn:
    supervisor = Supervisor(ROOT, RUN_DIR)
    supervisor.end_leftovers()
    secrets = state.Secrets.kept_in(RUN_DIR / "secrets.json")
    ports = choose_ports(os.environ.get("PORT"), state.read_json(RUN_DIR / "ports.json"))
    stack.callback(state.write_json, RUN_DIR / "ports.json", ports)

    owner_env = environment(secrets, ports)
    begin_to_count()
    servers = _start_servers(stack, secrets, ports, owner_env)
    state.write_json(RUN_DIR / "ports.json", ports)
    env = {name: value for name, value in owner_env.items() if name != "DATABASE_OWNER_URL"}

    stack.callback(supervisor.stop)
    manage = [str(bootstrap.VENV_PYTHON), "manage.py"]
    preparations = [Program("migrate", [*manage, "migrate_agencies"], owner_env)]
    static_mark = _static_mark()
    static_stamp = RUN_DIR / "static" / ".stamp"
    if not (static_stamp.exists() and static_stamp.read_text() == static_mark):
        collect = [*manage, "collectstatic", "--noinput", "--clear", "--verbosity", "0"]
        for unused in UNUSED_STATIC:
            collect += ["--ignore", unused]
        preparations.append(Program("static", collect, env))
    supervisor.run(*preparations)
    static_stamp.parent.mkdir(exist_ok=True)
    static_stamp.write_text(static_mark)

    programs = [
        Program(name, command, owner_env if name in OWNERS else env)
        for name, command in procfile(env).items()
    ]
    # What somebody waits for gets the processors first; the others work from what it leaves them.
    programs.sort(key=lambda program: program.name not in ANSWERING)
    for program in programs[: len(ANSWERING)]:
        supervisor.start(program)
    _await_answers(supervisor, ports)
    demo = _demo(supervisor, manage, secrets, owner_env)
    for program in programs[len(ANSWERING) :]:
        supervisor.start(program)
    ready = ready_state(ports, secrets, demo)
    state.write_json(READY_FILE, ready)
    _welcome(ready, demo, time.monotonic() - started_at)
    while True:
        supervisor.tick()
        for server in servers:
            if revive(server):
                print(f"{type(server).__name__} had ended; it was started again.")


def choose_ports(wish: str | None, last_time: Mapping[str, int]) -> dict[str, int]:
    """Return a port for each part: the one asked for, else last time's, else a free one.

    Raises:
        Refused: if something listens on the very port that was asked for.
    """
    ports = {**DEFAULT_PORTS, **last_time}
    if wish:
        if not wish.isdigit() or not processes.is_free(int(wish)):
            raise Refused(f"PORT={wish} is taken or is no port.")
        ports["web"] = int(wish)
    taken: set[int] = set()
    for part, port in ports.items():
        chosen = processes.free_port(port)
        while chosen in taken:
            chosen = processes.free_port()
        ports[part] = chosen
        taken.add(chosen)
    return ports


def environment(
    secrets: state.Secrets, ports: Mapping[str, int], given: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return what the programs read; what is set outside stands, save what we must choose."""
    host = f"localhost:{ports['web']}"
    sandbox = f"http://localhost:{ports['sandbox']}"
    defaults = {
        "HOST": "127.0.0.1",
        "WEB_WORKERS": "2",
        "WORKERS": "2",
        "DATABASE_POOL_SIZE": "4",
        "DEVELOPMENT": "1",
        "PUBLIC_HOST": host,
        "SECRET_KEY": secrets.secret_key,
        "SEALING_KEYS": secrets.sealing_keys,
        "METRICS_TOKEN": secrets.metrics_token,
        "MEDIA_ROOT": str(RUN_DIR / "media"),
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(RUN_DIR / "outbox"),
        "CSP_FORM_ACTION": f"http://{host},http://*.{host},{sandbox}",
        "TIKTOK_API_URL": sandbox,
        "TIKTOK_AUTH_URL": sandbox,
        "TIKTOK_SERVICES_URL": sandbox,
        "TIKTOK_SERVICES_US_URL": sandbox,
        "TIKTOK_APP_KEY": secrets.sandbox_app_key,
        "TIKTOK_APP_SECRET": secrets.sandbox_app_secret,
        "TIKTOK_SERVICE_ID": "storewarden",
        "MAILIN_DOMAIN": "in.localhost",
        "MAILIN_HOST": "127.0.0.1",
        "MAIL_KEYS_FILE": str(RUN_DIR / "sandbox-mail-keys.json"),
        "MARKETPLACE_MAIL_DOMAINS": (
            f"tiktok.com,tiktokshop.com,shop.tiktok.com,{SANDBOX_MAIL_DOMAIN}"
        ),
    }
    chosen = {
        "PATH": f"{bootstrap.VENV / 'bin'}{os.pathsep}{given.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "RUN_DIR": str(RUN_DIR),
        "PROMETHEUS_MULTIPROC_DIR": str(METRICS_DIR),
        "PORT": str(ports["web"]),
        "SANDBOX_PORT": str(ports["sandbox"]),
        "SANDBOX_URL": sandbox,
        "SANDBOX_REDIRECT_URL": f"http://{host}/oauth/tiktok_shop/callback",
        "SANDBOX_STATE_FILE": str(RUN_DIR / "sandbox.json"),
        "MAILIN_PORT": str(ports["mailin"]),
    }
    merged = {**defaults, **given, **chosen}
    merged |= {
        "SANDBOX_APP_KEY": merged["TIKTOK_APP_KEY"],
        "SANDBOX_APP_SECRET": merged["TIKTOK_APP_SECRET"],
        "SANDBOX_SERVICE_ID": merged["TIKTOK_SERVICE_ID"],
        "SANDBOX_MAIL_KEYS_FILE": merged["MAIL_KEYS_FILE"],
    }
    return merged


def _start_servers(
    stack: ExitStack, secrets: state.Secrets, ports: dict[str, int], env: dict[str, str]
) -> list[Server]:
    """Start the servers whose addresses are not given, and put the addresses into ``env``."""
    servers: list[Server] = []
    if "DATABASE_URL" in env:
        env.setdefault("DATABASE_OWNER_URL", env["DATABASE_URL"])
    else:
        postgres = PostgresServer(
            RUN_DIR / "postgres", ports.get("postgres"), passwords=secrets.passwords
        )
        stack.callback(postgres.stop)
        ports["postgres"] = postgres.start().port
        env |= {"DATABASE_URL": postgres.url, "DATABASE_OWNER_URL": postgres.owner_url}
        servers.append(postgres)
    if "REDIS_URL" not in env:
        valkey = ValkeyServer(RUN_DIR / "valkey", ports.get("valkey"), password=secrets.valkey)
        stack.callback(valkey.stop)
        ports["valkey"] = valkey.start().port
        env["REDIS_URL"] = valkey.url
        servers.append(valkey)
    return servers


def begin_to_count() -> None:
    """Empty the folder in which the processes count: a new run counts from nothing."""
    shutil.rmtree(METRICS_DIR, ignore_errors=True)
    METRICS_DIR.mkdir()


def _static_mark() -> str:
    """Return what the collected static files were made from, as one fingerprint."""
    folders = ROOT.glob("[!.]*/static")  # not the .run/static that is made from them
    files = sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()})
    names = [str(path.relative_to(ROOT)) for path in files]
    return bootstrap.fingerprint([ROOT / "requirements.lock", *files], *names)


def procfile(env: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the command of each program in the Procfile, its variables filled from ``env``."""
    commands = {}
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, separator, command = line.partition(":")
        if not separator or name.startswith("#"):
            continue
        words = shlex.split(string.Template(command).substitute(env))
        commands[name] = [str(bootstrap.VENV_PYTHON) if w == "python" else w for w in words]
    return commands


def _await_answers(supervisor: Supervisor, ports: Mapping[str, int]) -> None:
    silent = set(ANSWERING)

    def all_have_answered() -> bool:
        silent.intersection_update(_still_silent(ports, silent))
        return not silent

    if not supervisor.wait(all_have_answered, _READY_WITHIN):
        raise Refused(f"No answer from {', '.join(sorted(silent))}; see {supervisor.logs}.")


def _still_silent(ports: Mapping[str, int], parts: set[str]) -> set[str]:
    """Return those of ``parts`` that do not answer yet."""
    return {
        part
        for part in parts
        if not (_web_answers(ports[part]) if part == "web" else processes.answers(ports[part]))
    }


def _web_answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == http.client.OK)
    except (urllib.error.URLError, OSError):
        return False


def _demo(
    supervisor: Supervisor, manage: list[str], secrets: state.Secrets, env: dict[str, str]
) -> dict[str, Any]:
    """Load the demo agency unless this database has it, and return what the command told."""
    database = env["DATABASE_URL"].rpartition("@")[2] if "DATABASE_URL" in os.environ else "ours"
    known = state.read_json(DEMO_FILE)
    if known.get("database") == database:
        return known
    print("Loading the demo agency ...", flush=True)
    load = Program("demo", [*manage, "load_demo", "--password-file", "-"], env)
    (told,) = supervisor.run(load, given=secrets.demo_password.encode())
    known = {"database": database, **state.parse_json(told)}
    state.write_json(DEMO_FILE, known)
    return known


def ready_state(
    ports: Mapping[str, int], secrets: state.Secrets, demo: Mapping[str, Any]
) -> dict[str, Any]:
    host = f"localhost:{ports['web']}"
    return {
        "public_url": f"http://{host}/",
        "api_url": f"http://{host}/api/v1/",
        "sandbox_url": f"http://localhost:{ports['sandbox']}/",
        "mailin": {"host": "127.0.0.1", "port": ports["mailin"]},
        "demo": {
            "agency": demo["agency"],
            "url": f"http://{demo['agency']}.{host}/",
            "email": demo["email"],
            "password": secrets.demo_password,
            "api_key": demo["api_key"],
        },
    }


def _welcome(ready: Mapping[str, Any], demo: Mapping[str, Any], seconds: float) -> None:
    shown = ready["demo"]
    people = "\n".join(f"    {p['email']:<34} {p['role']}" for p in demo.get("people", []))
    print(
        f"""
Storewarden is up after {seconds:.1f} s.

  Public site    {ready["public_url"]}
  Demo agency    {shown["url"]}
  API            {ready["api_url"]}   documentation: {ready["public_url"]}api/docs/
  Marketplaces   {ready["sandbox_url"]}control   (simulated)
  Mail comes in  {ready["mailin"]["host"]}:{ready["mailin"]["port"]} (SMTP)

  Sign in with the password  {shown["password"]}  as
{people or "    " + shown["email"]}

Ctrl-C ends everything; the data stays in {RUN_DIR}.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
