"""Whose rows are in sight: the one door into an agency's schema.

Inside ``with agency(...)`` every statement runs in a transaction, and the backend sets the search
path before it whenever it differs from what is in force. Outside, only public tables are in sight.
The scope is a context variable: a new thread starts without one and sees no agency's rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.db import transaction


class AgencyLike(Protocol):
    @property
    def pk(self) -> UUID: ...
    @property
    def schema_name(self) -> str: ...


class NoScope(RuntimeError):
    """Agency rows were asked for outside an agency's scope: a bug, never a member's fault."""


class ForeignRow(RuntimeError):
    """A row of another agency than the one in scope came out of the database."""


class LateQuery(RuntimeError):
    """A queryset that was built in one scope was evaluated in another: a bug."""


@dataclass(frozen=True, slots=True)
class Place:
    """An agency as the database knows it."""

    id: UUID
    schema: str


_current: ContextVar[Place | None] = ContextVar("agency", default=None)


@contextmanager
def agency(agency: AgencyLike) -> Iterator[None]:
    """Enter ``agency``'s scope in a transaction (a savepoint inside an open one)."""
    with transaction.atomic():
        token = _current.set(Place(id=agency.pk, schema=agency.schema_name))
        try:
            yield
        finally:
            _current.reset(token)


@contextmanager
def public() -> Iterator[None]:
    """Leave any agency's scope: only public tables are in sight."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Place | None:
    return _current.get()


def demand_same(place: Place | None) -> None:
    """Let go on only what is evaluated in the scope that it was built in.

    Raises:
        LateQuery: where ``place`` is another scope than the one in force.
    """
    here = _current.get()
    if place is not here and place != here:
        raise LateQuery(f"Built in the scope of {_name(place)}, evaluated in {_name(here)}'s.")


def _name(place: Place | None) -> str:
    return f"agency {place.id}" if place else "no agency"


def current_id() -> UUID:
    """Return the id of the agency in scope.

    Raises:
        NoScope: outside an agency's scope.
    """
    place = _current.get()
    if place is None:
        raise NoScope("This needs an agency's scope: enter tenants.scope.agency() first.")
    return place.id


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """Return the key of the cache alias ``agency``: no two agencies share one.

    Raises:
        NoScope: outside an agency's scope.
    """
    return f"{key_prefix}:{current_id()}:{version}:{key}"
