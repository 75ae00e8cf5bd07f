"""Seats inside a marketplace's seller centre: what each role needs, and what is too much.

A baseline is ours: the least that the work of a role takes. No marketplace publishes one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final

from django.conf import settings
from django.utils import translation
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


# What seller centres and people call the roles beside their names here.
_ROLE_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "owner": ("main", "主账号", "店主"),
        "manager": ("admin", "administrator", "管理员"),
        "operations": ("operator", "operation"),
        "customer_service": ("customer support", "customer care", "service", "support"),
        "warehouse": ("fulfilment", "fulfillment", "logistics"),
        "viewer": ("read only", "read-only"),
    }
)
FIELDS: Final = ("name", "email", "platform_role", "permissions", "two_step", "last_sign_in_at")


@dataclass(frozen=True, slots=True)
class SeatValues:
    """What is said about one seat; ``two_step`` None: unknown. Only what is ``told`` counts."""

    name: str
    email: str = ""
    platform_role: str = ""
    permissions: tuple[str, ...] = ()
    two_step: bool | None = None
    last_sign_in_at: datetime | None = None
    told: Collection[str] = frozenset(FIELDS)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is wrong with a seat. None of it when nothing is known."""

    has_baseline: bool  # else nobody can say whether its permissions are too wide
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
        has_baseline=baseline is not None,
        lacks_two_step=two_step is False,
        beyond=beyond,
        is_dormant=last_sign_in_at is not None and at - last_sign_in_at > DORMANT_AFTER,
    )


def role_code(text: str) -> str:
    """Return the code of a role as a person wrote it, or her words where it is none of ours."""
    words = " ".join(text.split())
    return _role_codes().get(_plain(words), words)


def permission_code(text: str) -> str:
    words = " ".join(text.split())
    return _permission_codes().get(_plain(words), words)


@cache
def _role_codes() -> Mapping[str, str]:
    aliases = {_plain(word): code for code, words in _ROLE_WORDS.items() for word in words}
    return aliases | _codes_by_name(ROLES)


@cache
def _permission_codes() -> Mapping[str, str]:
    return _codes_by_name(PERMISSIONS)


def _codes_by_name(known: Mapping[str, Promise]) -> dict[str, str]:
    """Return each code by itself and by its name in every language: lists come in any."""
    found = {_plain(code): code for code in known}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {_plain(str(name)): code for code, name in known.items()}
    return found


_YES: Final = frozenset(
    {
        *("yes", "y", "on", "true", "1", "enabled", "active"),
        *("是", "已开启", "开启", "开", "已启用", "有"),
    }
)
_NO: Final = frozenset(
    {
        *("no", "n", "off", "false", "0", "disabled", "none"),
        *("否", "未开启", "关闭", "关", "未启用", "无"),
    }
)


def yes_or_no(words: str) -> bool | None:
    """Return what words say of something that is on or off, or None where they say neither."""
    word = words.strip().lower()
    return True if word in _YES else False if word in _NO else None


def _plain(words: str) -> str:
    return words.casefold().replace("_", " ").replace("-", " ")
