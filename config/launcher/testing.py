"""The throw-away PostgreSQL of a test run."""

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from config.launcher import processes

_PREFIX = "storewarden-tests-"


@cache
def ensure_test_server() -> dict[str, str]:
    """Start this process' own database server, once, and return the addresses as environment.

    TEST_DATABASE_URL (and TEST_DATABASE_OWNER_URL) name a server that is there already. A type
    checker, which imports the settings too, gets nothing and starts nothing.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        owner = os.environ.get("TEST_DATABASE_OWNER_URL", given)
        return {"DATABASE_URL": given, "DATABASE_OWNER_URL": owner}
    if "pytest" not in sys.modules and os.environ.get("DJANGO_TEST_SERVER") != "1":
        return {}

    from config.launcher.servers import PostgresServer

    _remove_abandoned_folders()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    folder.chmod(0o755)
    server = PostgresServer(folder / "postgres", durable=False)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.stop)
    server.start()
    return {"DATABASE_URL": server.url, "DATABASE_OWNER_URL": server.owner_url}


def _remove_abandoned_folders() -> None:
    """Remove what killed test runs left; their servers went with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not processes.is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
