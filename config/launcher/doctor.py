"""Look at what runs on this machine, with the addresses that it was given: ``make doctor``."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from config.launcher import __main__ as launcher
from config.launcher import bootstrap, state
from config.launcher.servers import PostgresServer, ValkeyServer


def main() -> None:
    try:
        env = environment_of(launcher.RUN_DIR, given=os.environ)
    except launcher.Refused as refusal:
        sys.exit(str(refusal))
    python = str(bootstrap.VENV_PYTHON)
    os.chdir(bootstrap.ROOT)
    os.execve(python, [python, "manage.py", "doctor", *sys.argv[1:]], env)  # noqa: S606 - our own


def environment_of(run_dir: Path, *, given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the programs that run in ``run_dir``, the owner's address too.

    Raises:
        Refused: if nothing was ever started there.
    """
    ports = state.read_json(run_dir / "ports.json")
    if not ports or not (run_dir / "secrets.json").exists():
        raise launcher.Refused("Nothing was started here yet: make up")
    secrets = state.Secrets.kept_in(run_dir / "secrets.json")
    env = launcher.environment(secrets, {**launcher.DEFAULT_PORTS, **ports}, given)
    if "DATABASE_URL" in env:
        env.setdefault("DATABASE_OWNER_URL", env["DATABASE_URL"])
    else:
        postgres = PostgresServer(
            run_dir / "postgres", ports.get("postgres"), passwords=secrets.passwords
        )
        env |= {"DATABASE_URL": postgres.url, "DATABASE_OWNER_URL": postgres.owner_url}
    if "REDIS_URL" not in env:
        valkey = ValkeyServer(run_dir / "valkey", ports.get("valkey"), password=secrets.valkey)
        env["REDIS_URL"] = valkey.url
    return env


if __name__ == "__main__":
    main()
