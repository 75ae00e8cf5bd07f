"""See that the tests find the programs they drive, and install Debian's where we may."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Wanted:
    """A program that a test drives; ``variable`` names one by hand, ``package`` is Debian's."""

    what: str
    variable: str
    names: tuple[str, ...]
    package: str

    def find(self) -> str | None:
        """Return the program that the variable names, else the first on the PATH."""
        wish = os.environ.get(self.variable)
        if wish:
            return wish if Path(wish).is_file() else None
        # Debian keeps servers where only root's PATH leads.
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
        found = (shutil.which(name, path=path) for name in self.names)
        return next(filter(None, found), None)


CHROMIUM = Wanted(
    "Chromium, for the browser tests",
    "CHROMIUM",
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "chromium",
)
PGBOUNCER = Wanted(
    "PgBouncer, for the tests behind a pooler", "PGBOUNCER", ("pgbouncer",), "pgbouncer"
)
ALL = (CHROMIUM, PGBOUNCER)


def main() -> None:
    missing = [wanted for wanted in ALL if wanted.find() is None]
    if not missing:
        return
    packages = [wanted.package for wanted in missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            "The tests need more programs. Install them (Debian: apt-get install"
            f" {' '.join(packages)}), or name them:\n"
            + "\n".join(f"  {each.what}: {each.variable}=/path/to/it" for each in missing)
        )
    print(f"set-up: {', '.join(packages)} ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            sys.exit(f"set-up: {' '.join(command)} failed.")


if __name__ == "__main__":
    main()
