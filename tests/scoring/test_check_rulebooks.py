"""Broken rulebooks: told by the operator's command, and never served by a process."""

import json
import logging
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from scoring import books

GOOD = """\
title: A policy
marketplace: shopee
covers:
  - {market: PH, seller_types: [local], zone: Asia/Manila, effective_from: 2026-07-09}
sources: {}
"""
BROKEN = {
    "a.yaml": GOOD,
    "b.yaml": GOOD,  # starts when the other does
    "c.yaml": GOOD.replace("market: PH", "market: FR"),  # no market of Shopee's
    "d.yaml": GOOD + "remarks: none\n",
    "e.yaml": "title: [",
}
TOLD = [
    {"file": "d.yaml", "line": 6, "why": "'remarks' is not known here"},
    {"file": "e.yaml", "line": 1, "why": "expected the node content, but found '<stream end>'"},
    {
        "file": "b.yaml",
        "line": 4,
        "why": "shopee/PH/local/2026-07-09 starts at the same instant as a.yaml:4",
    },
    {"file": "c.yaml", "line": 4, "why": "shopee has no stores in FR that we know"},
]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    for name, text in BROKEN.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def _checked(*args: str) -> tuple[Any, str]:
    out, refused = StringIO(), ""
    try:
        call_command("check_rulebooks", *args, stdout=out)
    except CommandError as error:
        refused = str(error)
    (line,) = out.getvalue().splitlines()
    return json.loads(line), refused


def test_check_rulebooks_finds_nothing_wrong_with_those_we_ship() -> None:
    told, refused = _checked()

    assert (told["errors"], refused) == ([], "")
    assert told["rulebooks"] == sorted(book.name for book in books.all_books())


def test_check_rulebooks_tells_each_fault_with_file_and_line(broken: Path) -> None:
    told, refused = _checked(str(broken))

    assert told["errors"] == TOLD
    assert told["files"] == ["a.yaml", "b.yaml", "c.yaml"]
    assert refused == "4 faults; the first: d.yaml:6: 'remarks' is not known here"


def test_check_rulebooks_refuses_what_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is no folder"):
        call_command("check_rulebooks", str(tmp_path / "nowhere"))


def test_no_process_starts_with_broken_rulebooks(
    broken: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.ERROR, logger="scoring.books"),
        pytest.raises(books.RulebooksBroken, match=r"d.yaml:6: 'remarks' is not known here"),
    ):
        books.demand_whole(broken)

    told = [
        {name: getattr(record, name) for name in ("file", "line", "why")}
        for record in caplog.records
        if record.getMessage() == "rulebook_broken"
    ]
    assert told == TOLD


def test_processes_start_with_the_rulebooks_we_ship() -> None:
    books.demand_whole()
