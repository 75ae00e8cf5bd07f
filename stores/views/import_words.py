"""How the rows of a file are shown: their values, and what would become of them."""

from collections.abc import Sequence
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

_CODES: Final = frozenset({"status", "type", "seller_type"})
_TONES: Final = {base.NEW: "good", base.UPDATE: "act"}


def row_words(what: str) -> tuple[str, str]:
    """Return what a row would do in words, and their tone."""
    return str(ImportRow.What(what).label), _TONES.get(what, "none")


def counts(kept: Import) -> dict[str, int]:
    """Return how many rows a page tells of each effect."""
    told = kept.result
    return {
        "new": told.get(base.NEW, 0),
        "updates": told.get(base.UPDATE, 0),
        "skipped": told.get(base.SAME, 0) + told.get(base.REPEATED, 0),
        "wrong": told.get(base.WRONG, 0),
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
    elif name in _CODES and value:
        shown["text"] = words_for(value)
    elif name == "metric" and value:
        shown["text"] = str(METRICS[value].label)
    elif name == "marketplace" and value:
        shown["text"] = Store.Marketplace(value).label
    elif name == "state" and value in Violation.State.values:
        shown["text"] = str(Violation.State(value).label)
    elif isinstance(value, datetime):
        shown["moment"] = value
    elif isinstance(value, Decimal):
        shown |= {"is_number": True, "text": f"{plain(value)} {values.get('currency', '')}".strip()}
    elif isinstance(value, bool):
        shown["text"] = _("yes") if value else _("no")
    elif isinstance(value, int):
        shown |= {"is_number": True, "text": str(value)}
    elif isinstance(value, (tuple, list)):
        shown["text"] = ", ".join(map(str, value))
    else:
        shown["text"] = value or ""
    return shown
