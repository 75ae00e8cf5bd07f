"""Searches: filters in the body, an order of the results, and pages by an opaque token."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from stores.sandbox.calls import Call, wrong

T = TypeVar("T")
TIMES = {
    "create_time_ge": int,
    "create_time_lt": int,
    "update_time_ge": int,
    "update_time_lt": int,
}
Kinds = Mapping[str, type | frozenset[str]]
_SIGNING = {"app_key", "timestamp", "sign", "page_token", "page_size", "access_token"}


@dataclass(frozen=True, slots=True)
class Sorting:
    """By what a search may be sorted, which way by itself, and how large its pages may be.

    A size of None must be given by the caller; so must the field where ``field`` is empty.
    """

    fields: tuple[str, ...]
    field: str = ""
    order: str = "ASC"
    size: int | None = None
    smallest: int = 1
    largest: int = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The rows of one page, what leads to the next, and how many there are in all."""

    rows: list[T]
    next_page_token: str
    total: int


def filters(body: Mapping[str, Any], kinds: Kinds) -> dict[str, Any]:
    """Return the filters of a search, each of the type or among the words that ``kinds`` says."""
    if not set(body) <= set(kinds):
        raise wrong("The body holds an unknown filter.")
    for name, value in body.items():
        kind = kinds[name]
        if isinstance(kind, frozenset):
            values = value if isinstance(value, list) else [value]
            if any(not isinstance(each, str) or each not in kind for each in values):
                raise wrong(f"`{name}` has no such value.")
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise wrong(f"`{name}` is not of its type.")
    return dict(body)


def is_within(moment: int, since: int | None, until: int | None) -> bool:
    """Whether a time lies in the window, its end left out."""
    return (since is None or moment >= since) and (until is None or moment < until)


def is_in_windows(wanted: Mapping[str, Any], created: int, updated: int) -> bool:
    """Whether both times lie in the windows that a search asks for."""
    return is_within(
        created, wanted.get("create_time_ge"), wanted.get("create_time_lt")
    ) and is_within(updated, wanted.get("update_time_ge"), wanted.get("update_time_lt"))


def page(
    call: Call, rows: Iterable[T], place: Callable[[T, str], tuple[int, str]], sorting: Sorting
) -> Page[T]:
    """Return the page that ``call`` asks for. ``place`` gives a row's (moment, id) for a field."""
    field, is_rising, size = _arrangement(call, sorting)
    placed = sorted(
        ((place(row, field), row) for row in rows), key=lambda pair: pair[0], reverse=not is_rising
    )
    digest = _digest(call)
    start = 0
    token = call.request.parameter("page_token")
    if token:
        last = _read_token(token, digest)
        start = sum(1 for where, _ in placed if (where <= last if is_rising else where >= last))
    shown = placed[start : start + size]
    has_more = start + size < len(placed)
    return Page(
        rows=[row for _, row in shown],
        next_page_token=_token(shown[-1][0], digest) if has_more else "",
        total=len(placed),
    )


def _arrangement(call: Call, sorting: Sorting) -> tuple[str, bool, int]:
    """Return by what to sort, whether upwards, and how many at once."""
    field = call.request.parameter("sort_field") or sorting.field
    order = call.request.parameter("sort_order") or sorting.order
    if field not in sorting.fields or order not in {"ASC", "DESC"}:
        raise wrong("Unknown `sort_field` or `sort_order`.")
    size = call.request.parameter("page_size") or str(sorting.size or "")
    if not size.isascii() or not size.isdigit():
        raise wrong("`page_size` is not a number.")
    if not sorting.smallest <= int(size) <= sorting.largest:
        raise wrong(f"`page_size` is not in [{sorting.smallest}-{sorting.largest}].")
    return field, order == "ASC", int(size)


def _digest(call: Call) -> str:
    """Return what tells one search from another: a page token belongs to its own."""
    query = sorted(pair for pair in call.request.query if pair[0] not in _SIGNING)
    text = json.dumps([call.request.path, query, call.body], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _token(last: tuple[int, str], digest: str) -> str:
    """Return a token that continues after ``last``.

    It holds ``+`` and ``=``, as real ones do: a client that signs the escaped value fails here.
    """
    text = base64.b64encode(json.dumps([digest, *last]).encode()).decode()
    return f"+{text.rstrip('=')}=="


def _read_token(token: str, digest: str) -> tuple[int, str]:
    refused = wrong("`page_token` is not of this search.")
    text = token.removeprefix("+").rstrip("=")
    try:
        whose, moment, last_id = json.loads(
            base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        )
    except (ValueError, binascii.Error, TypeError):
        raise refused from None
    if whose != digest or not isinstance(moment, int) or not isinstance(last_id, str):
        raise refused
    return moment, last_id
