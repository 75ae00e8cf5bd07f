"""Which columns of a file hold what, by the names that exports give them: data, beside this.

Each kind has ``headers/<code>.yaml``: its fields with their names by language, other headers by
which its files are known, and what the words in some cells mean.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from stores import tables

_FOLDER: Final = Path(__file__).with_name("headers")
_MOSTLY: Final = 0.6  # of a column's cells, from which on they tell what it holds
_MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[A-Za-z]{2,}")
_PHONE: Final = re.compile(r"(?=(?:\D*[\d*]){8,15}\D*$)\(?\+[\d\s().*-]+|(?=.*\*)[\d*\s-]{8,16}")


@dataclass(frozen=True, slots=True)
class Book:
    """What a kind's file of names says, headers as ``plain`` compares them."""

    fields: Mapping[str, frozenset[str]]
    known: frozenset[str]
    values: Mapping[str, Mapping[str, tuple[str, ...]]]


@cache
def book(code: str) -> Book:
    told = _read(f"{code}.yaml")
    fields = {name: _plain_all(by_language) for name, by_language in told["fields"].items()}
    values = {
        name: MappingProxyType({each: tuple(map(str, words)) for each, words in words_of.items()})
        for name, words_of in told.get("values", {}).items()
    }
    known = frozenset(map(plain, told.get("known", [])))
    return Book(MappingProxyType(fields), known, MappingProxyType(values))


@cache
def store_names() -> frozenset[str]:
    """Return how a column that names the store is headed."""
    return _plain_all(_read("stores_column.yaml")["store"])


@cache
def _personal() -> tuple[str, ...]:
    return tuple(plain(str(word)) for word in _read("personal.yaml"))


def plain(header: str) -> str:
    """Return ``header`` as it is compared: without case, blanks, signs and width."""
    return tables.plain_header(unicodedata.normalize("NFKC", header))


def map_columns(
    headers: Sequence[str], code: str, names: Iterable[str]
) -> tuple[dict[str, int], list[str]]:
    """Return the column of each field in ``names``, and the fields that two columns claim.

    A field is known by its own name too, and by its first column where a later one repeats it.
    """
    told = book(code).fields
    known: dict[str, str] = {}
    for name in names:
        aliases = store_names() if name == "store" and name not in told else told.get(name, ())
        for alias in (plain(name), *aliases):
            known.setdefault(alias, name)
    claims: dict[str, list[int]] = {}
    for at, header in enumerate(headers):
        field = known.get(plain(header))
        if field is not None:
            claims.setdefault(field, []).append(at)
    columns = {}
    doubtful = []
    for field, found in claims.items():
        same = {plain(headers[at]) for at in found}
        if len(found) == 1 or len(same) == 1:
            columns[field] = found[0]
        else:
            best = _best(field, headers, found)
            if best is None:
                doubtful.append(field)
            else:
                columns[field] = best
    return columns, doubtful


def _best(field: str, headers: Sequence[str], found: Sequence[int]) -> int | None:
    """Return the one column that is headed as the field itself is called, if there is one."""
    exact = [at for at in found if plain(headers[at]) == plain(field)]
    return exact[0] if len(exact) == 1 else None


def meaning(code: str, name: str, words: str) -> str:
    """Return the code that words in a cell stand for, or "" where the kind's data know none."""
    return _meanings(code, name).get(plain(words), "")


@cache
def _meanings(code: str, name: str) -> Mapping[str, str]:
    return {
        plain(word): each
        for each, words in book(code).values[name].items()
        for word in (each, *words)
    }


def is_known(header: str, code: str) -> bool:
    return plain(header) in book(code).known


def is_personal(header: str, cells: Sequence[str]) -> bool:
    """Tell whether a column nobody knows is about a person, by its header or by what it holds."""
    written = plain(header)
    if any(word in written for word in _personal()):
        return True
    filled = [cell for cell in cells if cell]
    if not filled:
        return False
    marks = sum(bool(_MAIL.search(cell) or _PHONE.fullmatch(cell)) for cell in filled)
    return marks >= _MOSTLY * len(filled)


def fingerprint(headers: Sequence[str]) -> str:
    """Return what files of the same headers share."""
    return hashlib.sha256("\n".join(map(plain, headers)).encode()).hexdigest()


def _read(name: str) -> Any:
    return yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8"))


def _plain_all(by_language: Mapping[str, Sequence[str]]) -> frozenset[str]:
    return frozenset(plain(str(name)) for names in by_language.values() for name in names)
