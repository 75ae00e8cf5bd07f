"""The long proofs: large counts; each prints a line and writes it to docs/proof.md."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "proof.md"


@pytest.fixture
def figure() -> Callable[[str, str, int], None]:
    """Return a function that keeps one figure: what was proven, the figure, and the seed."""

    def keep(what: str, value: str, seed: int) -> None:
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            cwd=PAGE.parent,
        ).stdout.strip()
        line = f"| {datetime.now(UTC):%Y-%m-%d} | {what} | {value} | {seed} | {commit} |"
        print(f"\n{line}")
        with PAGE.open("a", encoding="utf-8") as page:
            page.write(line + "\n")

    return keep
