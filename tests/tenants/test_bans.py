"""What no product code may do, for it would go round the fence or the due work."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from django.db import connection

from tenants import scope
from tenants.models import Agency

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("config", "checklist", "appeals", "scoring", "stores", "tenants")
Test = Callable[[ast.AST], bool]


@dataclass(frozen=True)
class Ban:
    """A thing that is banned, why, and in which files it stands nevertheless, with the reason."""

    why: str
    holds: Test
    but: dict[str, str] = field(default_factory=dict)


def _calls(*names: str) -> Test:
    return lambda node: (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
    )


def _names(*names: str) -> Test:
    def holds(node: ast.AST) -> bool:
        if isinstance(node, ast.alias):
            return node.name.rsplit(".", 1)[-1] in names
        return isinstance(node, ast.Attribute) and node.attr in names

    return holds


def _enters_a_tenant(node: ast.AST) -> bool:
    """Tell ``with agency:``, where a scope would be ``with scope.agency(agency):``."""
    if not isinstance(node, ast.With):
        return False
    entered = [each.context_expr for each in node.items]
    words = [each.id if isinstance(each, ast.Name) else "" for each in entered]
    words += [each.attr if isinstance(each, ast.Attribute) else "" for each in entered]
    return any(word in {"tenant", "agency"} for word in words)


def _takes_the_owners_connection(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and node.value.id == "connections"
    if isinstance(node, ast.Call) and _calls("using", "db_manager")(node):
        return True
    return isinstance(node, ast.keyword) and node.arg in {"using", "database"}


BANS: Final = {
    "the queue": Ban(
        "work for later is a row: tenants.due.add()",
        _calls("delay", "apply_async", "delay_on_commit", "apply_async_on_commit", "send_task"),
        {"tenants/dispatcher/": "the dispatcher alone speaks to the queue"},
    ),
    "after the commit": Ban(
        "a process may die between the commit and what follows it", _names("on_commit")
    ),
    "streams": Ban("nothing is read once the scope has closed", _names("StreamingHttpResponse")),
    "async": Ban(
        "Django would run it on another thread, without the scope",
        lambda node: isinstance(node, ast.AsyncFunctionDef),
        {"stores/mailin/server.py": "speaks SMTP, and asks the database on threads of its own"},
    ),
    "threads": Ban(
        "a thread has a connection of its own and no scope",
        _names("Thread", "ThreadPoolExecutor", "sync_to_async", "ThreadingMixIn"),
        {
            "stores/mailin/server.py": "each delivery enters the scope on its thread",
            "stores/sandbox/": "knows no database",
        },
    ),
    "django-tenants' own switch": Ban(
        "tenants.scope.agency() is the one door",
        _names(
            "set_schema",
            "set_tenant",
            "schema_context",
            "tenant_context",
            "activate_schema",
            "schema_rename",
        ),
        {
            "tenants/backend/base.py": "refuses it",
            "tenants/schemas.py": "migrates on the owner's connection",
        },
    ),
    "a tenant entered": Ban("it keeps one stack for all threads", _enters_a_tenant),
    "whole pages kept": Ban("they would be shown to whoever comes next", _names("cache_page")),
    "the owner's connection": Ban(
        "it is outside the fence",
        _takes_the_owners_connection,
        {
            "tenants/base.py": "passes on what Django passes",
            "tenants/models/people.py": "passes on what Django passes",
            "tenants/schemas.py": "makes and migrates the agencies' schemas",
            "tenants/migrating.py": "brings them up to date",
            "tenants/health/": "asks each server how it is",
            "tenants/management/commands/": "an operator's commands migrate and look after schemas",
        },
    ),
}


def _product() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def _found(ban: Ban, nodes: Iterable[ast.AST]) -> list[int]:
    return [getattr(node, "lineno", 0) for node in nodes if ban.holds(node)]


@cache
def _standing() -> dict[str, list[tuple[str, int]]]:
    """Return (path, line) of each thing that is banned, by the ban; exceptions are among them."""
    standing: dict[str, list[tuple[str, int]]] = {name: [] for name in BANS}
    for path, tree in _product():
        nodes = list(ast.walk(tree))
        for name, ban in BANS.items():
            standing[name] += [(path, line) for line in _found(ban, nodes)]
    return standing


@pytest.mark.parametrize("name", BANS)
def test_product_code_does_nothing_that_is_banned(name: str) -> None:
    ban = BANS[name]
    offences = [
        f"{path}:{line}: {ban.why}"
        for path, line in _standing()[name]
        if not path.startswith(tuple(ban.but))
    ]
    assert offences == []


@pytest.mark.parametrize("name", [name for name, ban in BANS.items() if ban.but])
def test_an_exception_is_still_needed(name: str) -> None:
    but = BANS[name].but
    used = {
        allowed for path, _line in _standing()[name] for allowed in but if path.startswith(allowed)
    }
    assert used == set(but)


OFFENCES: Final = {
    "the queue": "task.delay(1)",
    "after the commit": "from django.db.transaction import on_commit",
    "streams": "from django.http import StreamingHttpResponse",
    "async": "async def page(request): ...",
    "threads": "threading.Thread(target=work).start()",
    "django-tenants' own switch": "connection.set_schema('a_1')",
    "a tenant entered": "with agency: work()",
    "whole pages kept": "from django.views.decorators.cache import cache_page",
    "the owner's connection": "rows.using('owner')",
}


@pytest.mark.parametrize("name", BANS)
def test_each_ban_finds_its_offence(name: str) -> None:
    assert _found(BANS[name], ast.walk(ast.parse(OFFENCES[name]))) != []


def test_an_agency_is_not_entered_itself() -> None:
    with pytest.raises(RuntimeError, match="scope"), Agency():
        pass


def test_the_fenced_connection_is_not_switched() -> None:
    before = scope.current()
    with pytest.raises(RuntimeError, match="scope"):
        connection.set_schema("a_1")  # type: ignore[attr-defined] # django-tenants' own
    assert scope.current() == before
