"""How the trail reads: what its actions, fields and objects are called.

A row is kept as codes and ids. Each room says its own words in ``AppConfig.ready()``, such as
``words.say({"violation.recorded": _("Violation recorded")})``, and readers see those of their
language, whatever the language of who made the row.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Words = str | Promise
Asked = tuple[UUID | None, str]  # the store of the row, and a value that stands there
LookUp = Callable[[Collection[Asked], datetime], Mapping[Asked, str]]
Namer = Callable[[Collection[UUID], datetime], Mapping[UUID, str]]


@dataclass(frozen=True, slots=True)
class Field:
    """How one field of a change reads.

    A value is, in this order: one of ``choices``, what ``look_up`` finds for all rows in a
    fixed number of queries, what ``say`` makes of it and the row's other changes, or as it is.
    """

    label: Words = ""
    choices: Mapping[str, Words] | None = None
    look_up: LookUp | None = None
    say: Callable[[Any, Mapping[str, Any]], str] | None = None
    is_list: bool = False  # a list is several values, not the one before and the one after
    is_hidden: bool = False


_actions: dict[str, Words] = {
    "invitation.sent": _("Invitation sent"),
    "invitation.revoked": _("Invitation taken back"),
    "member.joined": _("Member joined"),
    "member.changed": _("Role or stores of a member changed"),
    "member.deactivated": _("Member shut out"),
    "member.reactivated": _("Member let in again"),
    "agency.changed": _("Agency changed"),
    "apikey.made": _("API key made"),
    "apikey.revoked": _("API key revoked"),
    "work.replayed": _("Work that was set aside tried again"),
}
_VIA: dict[str, Words] = {
    "api": pgettext_lazy("how a change came about", "by API"),
    "command": pgettext_lazy("how a change came about", "by command"),
}
_DOERS: dict[str, Words] = {  # where no member did it, by how it came about
    "api": _("An integration"),
    "owner": _("The store's owner"),
}
_fields: dict[tuple[str, str], Field] = {}
_namers: dict[str, Namer] = {}


def say(words: Mapping[str, Words]) -> None:
    _actions.update(words)


def say_fields(fields: Mapping[str, Field], *, of: Iterable[str] = ("",)) -> None:
    """Say how fields read in the changes ``of`` these kinds of objects; by default of all."""
    _fields.update({(kind, name): field for kind in of for name, field in fields.items()})


def name_with(namers: Mapping[str, Namer]) -> None:
    """Let the objects of a kind ("stores.violation") be named anew for each reader.

    A namer returns the names of those it still finds, in a fixed number of queries; others are
    called what they were called when the row was written.
    """
    _namers.update(namers)


def action_words(action: str) -> str:
    """Return the action in the reader's language; one without words as its code reads."""
    known = _actions.get(action)
    return str(known) if known else as_words(action)


def via_words(via: str) -> str:
    """Return how a change came about, where that was not by a page or by itself."""
    return str(_VIA.get(via, ""))


def doer_words(via: str) -> str:
    """Return who did what no member did."""
    return str(_DOERS.get(via, _("Storewarden")))


def field_of(kind: str, name: str) -> Field:
    """Return how a field reads; one that nobody has said as its name reads."""
    known = _fields.get((kind, name)) or _fields.get(("", name))
    return known or Field(label=name.replace("_", " "))


def place_of(kind: str, name: str) -> int:
    """Return where a field stands among others: as it was said, unsaid ones last."""
    order = list(_fields)
    for key in ((kind, name), ("", name)):
        if key in _fields:
            return order.index(key)
    return len(order)


def namer_of(kind: str) -> Namer | None:
    return _namers.get(kind)


def uuid_of(value: str) -> UUID | None:
    """Return the id that a value is, or None where it is something else."""
    try:
        return UUID(value)
    except ValueError:
        return None


def as_words(code: str) -> str:
    return code.replace(".", " ").replace("_", " ").capitalize()
