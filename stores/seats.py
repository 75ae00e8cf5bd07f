"""Seats inside a marketplace's seller centre: what each role needs, and what is too much.

A baseline is ours: the least that the work of a role takes. No marketplace publishes one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DORMANT_AFTER: Final = timedelta(days=30)

PERMISSIONS: Mapping[str, Promise] = MappingProxyType(
    {
        "orders": _("Orders"),
        "products": _("Products"),
        "promotions": _("Promotions"),
        "messages": _("Messages"),
        "returns": _("Returns and refunds"),
        "finance": _("Finance"),
        "withdrawal": _("Withdrawals"),
        "health": _("Account health and appeals"),
        "settings": _("Shop settings"),
        "users": _("Users and permissions"),
    }
)
ROLES: Mapping[str, Promise] = MappingProxyType(
    {
        "owner": _("Main account"),
        "manager": _("Manager"),
        "operations": _("Operations"),
        "customer_service": _("Customer service"),
        "warehouse": _("Warehouse"),
        "marketing": _("Marketing"),
        "finance": _("Finance"),
        "viewer": _("Viewer"),
    }
)
_ALL = frozenset(PERMISSIONS)
BASELINES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "owner": _ALL,
        "manager": _ALL - {"users", "withdrawal"},
        "operations": frozenset({"orders", "products", "promotions", "returns", "health"}),
        "customer_service": frozenset({"orders", "messages", "returns"}),
        "warehouse": frozenset({"orders"}),
        "marketing": frozenset({"products", "promotions"}),
        "finance": frozenset({"orders", "finance"}),
        "viewer": frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is wrong with a seat. None of it when nothing is known."""

    lacks_two_step: bool
    beyond: tuple[str, ...]  # permissions its role does not need, as codes or written words
    is_dormant: bool

    @property
    def count(self) -> int:
        return self.lacks_two_step + bool(self.beyond) + self.is_dormant


def marks_of(
    *,
    role: str,
    permissions: list[str],
    two_step: bool | None,
    last_sign_in_at: datetime | None,
    at: datetime,
) -> Marks:
    """Judge a seat at ``at``; a role without a baseline cannot be exceeded."""
    baseline = BASELINES.get(role)
    beyond = () if baseline is None else tuple(p for p in permissions if p not in baseline)
    return Marks(
        lacks_two_step=two_step is False,
        beyond=beyond,
        is_dormant=last_sign_in_at is not None and at - last_sign_in_at > DORMANT_AFTER,
    )


def role_code(text: str) -> str:
    """Return the code of a role as a person wrote it, or her words where it is none of ours."""
    return _code(text, ROLES)


def permission_code(text: str) -> str:
    return _code(text, PERMISSIONS)


def _code(text: str, known: Mapping[str, Promise]) -> str:
    words = " ".join(text.split())
    plain = words.lower()
    for code, name in known.items():
        if plain in {code, code.replace("_", " "), str(name).lower()}:
            return code
    return words
