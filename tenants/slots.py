"""Named places on lower rooms' pages that higher rooms fill in ``AppConfig.ready()``."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest

Column = Callable[[Any, Sequence[UUID]], Mapping[UUID, Any]]  # (member, ids) in one query
Panel = Callable[[HttpRequest, Any], dict[str, Any] | None]  # None: nothing to show


@dataclass(frozen=True, slots=True)
class _Filled:
    order: int
    key: str
    fn: Callable[..., Any]
    template: str = ""


_columns: dict[str, list[_Filled]] = defaultdict(list)
_panels: dict[str, list[_Filled]] = defaultdict(list)


def fill_column(slot: str, *, key: str, fn: Column, order: int = 50) -> None:
    _columns[slot] = sorted([*_columns[slot], _Filled(order, key, fn)], key=lambda f: f.order)


def fill_panel(slot: str, *, key: str, fn: Panel, template: str, order: int = 50) -> None:
    _panels[slot] = sorted(
        [*_panels[slot], _Filled(order, key, fn, template)], key=lambda f: f.order
    )


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
