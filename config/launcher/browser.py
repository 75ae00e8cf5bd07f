"""See that the browser tests find a Chromium, and install Debian's where we may."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Return the program to drive: CHROMIUM where set, else the first on the PATH."""
    wish = os.environ.get("CHROMIUM")
    if wish:
        return wish if Path(wish).is_file() else None
    return next((found for found in map(shutil.which, NAMES) if found), None)


def main() -> None:
    if find():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            "The browser tests need Chromium: install it (Debian: apt-get install chromium), or"
            " name one by CHROMIUM=/path/to/it."
        )
    print("set-up: Chromium ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", "chromium"]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            sys.exit(f"set-up: {' '.join(command)} failed.")


if __name__ == "__main__":
    main()
