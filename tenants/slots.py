"""Named places on lower rooms' pages that higher rooms fill in ``AppConfig.ready()``."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.functional import Promise

Column = Callable[[Any, Sequence[UUID]], Mapping[UUID, Any]]  # (member, ids) in one query
Panel = Callable[[HttpRequest, Any], dict[str, Any] | None]  # None: nothing to show


@dataclass(frozen=True, slots=True)
class Mark:
    """How much waits for the reader at a place of the rail; ``words`` say it whole."""

    count: int
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that the jump found, as it is called, and where it is."""

    title: str
    note: str
    href: str


Marker = Callable[[HttpRequest], Mark | None]  # in one query at most; None: nothing waits
# (member, words that each must stand in it, most) within her rights, in a fixed number of queries
Finder = Callable[[Any, Sequence[str], int], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class _Filled:
    order: int
    key: str
    fn: Callable[..., Any]
    template: str = ""
    label: Promise | str = ""


_columns: dict[str, list[_Filled]] = defaultdict(list)
_panels: dict[str, list[_Filled]] = defaultdict(list)
_finders: list[_Filled] = []
_markers: dict[str, Marker] = {}


def fill_column(slot: str, *, key: str, fn: Column, order: int = 50) -> None:
    _columns[slot] = sorted([*_columns[slot], _Filled(order, key, fn)], key=lambda f: f.order)


def fill_panel(slot: str, *, key: str, fn: Panel, template: str, order: int = 50) -> None:
    _panels[slot] = sorted(
        [*_panels[slot], _Filled(order, key, fn, template)], key=lambda f: f.order
    )


def fill_finder(key: str, *, label: Promise | str, fn: Finder, order: int = 50) -> None:
    """Let the jump find one more kind of thing, shown under ``label``."""
    _finders[:] = sorted([*_finders, _Filled(order, key, fn, label=label)], key=lambda f: f.order)


def fill_mark(place: str, *, fn: Marker) -> None:
    """Let ``fn`` say how much waits at a place of the rail."""
    _markers[place] = fn


def columns(slot: str, member: Any, ids: Sequence[UUID]) -> dict[str, Mapping[UUID, Any]]:
    """Return each filled column's values by id; one query a column, whatever the number of ids."""
    return {filled.key: filled.fn(member, ids) for filled in _columns[slot]}


def panels(slot: str, request: HttpRequest, subject: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return (template, context) of each panel that has something to show, in order."""
    shown = []
    for filled in _panels[slot]:
        context = filled.fn(request, subject)
        if context is not None:
            shown.append((filled.template, context))
    return shown


def hits(member: Any, words: Sequence[str], most: int) -> list[tuple[Promise | str, Sequence[Hit]]]:
    """Return what each finder found, by its label, in order; ``most`` of each kind."""
    return [(filled.label, filled.fn(member, words, most)) for filled in _finders]


def mark(place: str, request: HttpRequest) -> Mark | None:
    marker = _markers.get(place)
    return marker(request) if marker else None
