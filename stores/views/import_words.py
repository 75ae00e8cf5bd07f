"""How the rows of a file are shown: their values, and what would become of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from stores import rules
from stores.code_words import words_for
from stores.metrics import METRICS
from stores.models import Import, ImportRow, Store, Violation
from stores.services.imports import base
from stores.services.readings import plain

_TONES: Final = {base.NEW: "good", base.UPDATE: "act"}


def row_words(what: str) -> tuple[str, str]:
    """Return what a row would do in words, and their tone."""
    return str(ImportRow.What(what).label), _TONES.get(what, "none")


def counts(kept: Import) -> dict[str, int]:
    """Return how many rows a page tells of each effect; "new" without those that are like one."""
    told = kept.result
    return {
        "new": told.get(base.NEW, 0) - told.get("likes", 0),
        "updates": told.get(base.UPDATE, 0),
        "skipped": told.get(base.SAME, 0) + told.get(base.REPEATED, 0),
        "wrong": told.get(base.WRONG, 0),
        "left_out": told.get(base.LEFT_OUT, 0),
        "likes": told.get("likes", 0),
        "assumed_zones": told.get("zones", 0),
    }


def lands_at(kept: Import) -> str:
    """Return the page where what a file told stands."""
    if kept.kind == "violations":
        query = f"?store={kept.store_id}" if kept.store_id else ""
        return reverse("stores:violations") + query
    if kept.store_id:
        return reverse("stores:store", kwargs={"pk": kept.store_id})
    return reverse("stores:fleet")


def cells_shown(row: ImportRow, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row's values as a page shows them, one for each of ``names``."""
    values = base.unpacked(row.values or {})
    return [_cell(name, values) for name in names]


def _cell(name: str, values: dict[str, Any]) -> dict[str, Any]:
    value = values.get(name)
    shown: dict[str, Any] = {"text": "", "moment": None, "note": "", "is_number": False}
    if name == "rule":
        shown["text"] = values.get("rule_text") or value or ""
        if values.get("rule_text") and value == rules.OTHER:
            shown["note"] = _("no rule of the book")
    elif name == "points":
        shown |= {"is_number": True, "text": _("unknown") if value is None else f"{value:+d}"}
    elif name in _NAMED and value:
        shown["text"] = _NAMED[name](value)
    elif isinstance(value, datetime):
        shown["moment"] = value
    else:
        is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        shown |= {"is_number": is_number, "text": _text(value, values)}
    return shown


def _text(value: Any, values: dict[str, Any]) -> str:
    match value:
        case bool():
            return _("yes") if value else _("no")
        case Decimal():
            return f"{plain(value)} {values.get('currency', '')}".strip()
        case tuple() | list():
            return ", ".join(map(str, value))
        case _:
            return "" if value is None else str(value)


_NAMED: Final[Mapping[str, Callable[[str], str]]] = {
    "status": words_for,
    "type": words_for,
    "seller_type": words_for,
    "state": lambda code: str(Violation.State(code).label),
    "metric": lambda code: str(METRICS[code].label),
    "marketplace": lambda code: Store.Marketplace(code).label,
}
