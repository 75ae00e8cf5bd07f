"""Which columns of a file hold what, by the names that exports give them: data, beside this.

Each kind has ``headers/<code>.yaml``: its fields with their names by language, other headers by
which its files are known, and what the words in some cells mean.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone, tzinfo
from functools import cache
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from stores import moments, tables

_FOLDER: Final = Path(__file__).with_name("headers")
_MOSTLY: Final = 0.6  # of a column's cells, from which on they tell what it holds
_USUAL: Final = 5  # ranks of names: a field's own, and the first of each language
_MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[A-Za-z]{2,}")
_PHONE: Final = re.compile(r"(?=(?:\D*[\d*]){8,15}\D*$)\(?\+[\d\s().*-]+|(?=.*\*)[\d*\s-]{8,16}")
_LATIN_ACCENT: Final = re.compile(r"[\u00c0-\u024f\u1e00-\u1eff]")
_CURRENCIES: Final = r"USD|GBP|EUR|VND|THB|PHP|SGD|MYR|IDR|BRL|MXN|TWD|JPY|KRW|CNY|HKD|AUD|CAD|INR"
_ZONE_NAMES: Final = "|".join(sorted(map(re.escape, moments.ZONES), key=len, reverse=True))
# What may stand in brackets behind a header, or at its end, and is of the column's values.
_UNIT: Final = re.compile(
    rf"""
    [(\[（【]\s*(?:
        (?P<utc>utc|gmt)\s?(?P<hours>[-+]\d{{1,2}})?(?::?(?P<minutes>\d{{2}}))?
      | (?P<zone>{_ZONE_NAMES})
      | (?P<order>(?:d{{1,2}}[-/.\s]m{{1,2}}|m{{1,2}}[-/.\s]d{{1,2}})[-/.\s]y+[^)\]）】]*)
      | y{{4}}[-/.\s]m{{1,2}}[-/.\s]d{{1,2}}[^)\]）】]*
      | (?P<currency>{_CURRENCIES}|[A-Z]{{0,2}}\$|RMB|Rp\.?|RM|VNĐ|[£€₫¥฿₱đ元])
      | % | g | kg | lb | pcs | points? | pts | 分 | 个 | 件
    )\s*[)\]）】]
    | (?:[\s,/_-]+(?:in\s+)?)(?P<code>{_CURRENCIES})\s*$
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Book:
    """What a kind's file of names says, headers as ``plain`` compares them.

    Of a field's names in one language those that say most come first.
    """

    fields: Mapping[str, tuple[str, ...]]
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


@dataclass(frozen=True, slots=True)
class Unit:
    """What a header says of all values of its column: Amount (SGD), Time (UTC+8)."""

    currency: str = ""  # ISO 4217
    zone: tzinfo | None = None
    day_first: bool | None = None


@cache
def store_names() -> tuple[str, ...]:
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
    known, written, ranks = _names(code, tuple(names))
    claims: dict[str, list[int]] = {}
    for at, header in enumerate(headers):
        field = _field(header, known, written)
        if field:
            claims.setdefault(field, []).append(at)
    columns = {}
    doubtful = []
    for field, found in claims.items():
        best = _best(headers, found, ranks)
        if best is None:
            doubtful.append(field)
        else:
            columns[field] = best
    return columns, doubtful


@cache
def _names(
    code: str, fields: tuple[str, ...]
) -> tuple[Mapping[str, str], Mapping[str, str], Mapping[str, int]]:
    """Return which field each name is of, the same for names without their accents, and its rank.

    A name without accents that could be of two fields is of none.
    """
    told = book(code).fields
    known: dict[str, str] = {}
    ranks: dict[str, int] = {}
    bare: dict[str, set[str]] = {}
    for name in fields:
        aliases = store_names() if name == "store" and name not in told else told.get(name, ())
        for rank, alias in enumerate((plain(name), *aliases)):
            if known.setdefault(alias, name) == name:
                ranks.setdefault(alias, rank)
                bare.setdefault(_bare(alias), set()).add(name)
    single = {alias: names.pop() for alias, names in bare.items() if len(names) == 1}
    ranks = {**{_bare(alias): rank for alias, rank in ranks.items()}, **ranks}
    return known, single, ranks


def _field(header: str, known: Mapping[str, str], bare: Mapping[str, str]) -> str:
    """Return the field that a header is a name of: as written, without unit, without accents."""
    for form in _forms(header):
        if field := known.get(form) or bare.get(_bare(form)):
            return field
    return ""


def _forms(header: str) -> tuple[str, ...]:
    return plain(header), plain(_UNIT.sub(" ", header))


def _best(headers: Sequence[str], found: Sequence[int], ranks: Mapping[str, int]) -> int | None:
    """Return the one column whose header says most what the field is, if there is one.

    A header that stands there twice counts where it stands first.
    """
    first: dict[str, int] = {}
    for at in found:
        first.setdefault(plain(headers[at]), at)
    by_rank: dict[int, list[int]] = {}
    for at in first.values():
        rank = _rank(headers[at], ranks)
        by_rank.setdefault(rank, []).append(at)
    best = by_rank[min(by_rank)]
    return best[0] if len(best) == 1 else None


def _rank(header: str, ranks: Mapping[str, int]) -> int:
    forms = _forms(header)
    ranked = [ranks[each] for form in forms for each in (form, _bare(form)) if each in ranks]
    return min(ranked, default=len(ranks))


def usual(
    headers: Sequence[str], columns: Mapping[str, int], code: str, names: Iterable[str]
) -> int:
    """Return how many columns are headed as files of a kind usually are, in some language."""
    _known, _written, ranks = _names(code, tuple(names))
    return sum(_rank(headers[at], ranks) <= _USUAL for at in columns.values())


def unit_of(header: str) -> Unit:
    """Return what is in brackets behind a header, or is a currency's code at its end."""
    unit = Unit()
    for match in _UNIT.finditer(header):
        if match["hours"] or match["utc"]:
            unit = replace(unit, zone=_zone(match["hours"] or "", match["minutes"] or ""))
        elif match["zone"]:
            unit = replace(unit, zone=moments.ZONES[match["zone"].lower()])
        elif match["order"]:
            unit = replace(unit, day_first=match["order"].lower().startswith("d"))
        else:
            named = match["currency"] or match["code"] or ""
            unit = replace(unit, currency=tables.currency_of(named))
    return unit


def _zone(hours: str, minutes: str) -> tzinfo:
    ahead = timedelta(hours=int(hours or 0))
    past = timedelta(minutes=int(minutes or 0))
    return timezone(ahead - past if hours.startswith("-") else ahead + past)


def _bare(name: str) -> str:
    """Return a compared name without the accents of Latin letters: ma don hang."""
    if not _LATIN_ACCENT.search(name):
        return name
    letters = unicodedata.normalize("NFD", name).replace("đ", "d")
    return re.sub(r"[\u0300-\u036f]", "", letters)


def meaning(code: str, name: str, words: str) -> str:
    """Return the code that words in a cell stand for, or "" where the kind's data know none."""
    return meanings(code, name).get(plain(words), "")


@cache
def meanings(code: str, name: str) -> Mapping[str, str]:
    """Return what each of the words stands for, as ``plain`` compares them."""
    return {
        plain(word): each
        for each, words in book(code).values[name].items()
        for word in (each, *words)
    }


def is_known(header: str, code: str) -> bool:
    return any(form in book(code).known for form in _forms(header))


def are_mails(cells: Sequence[str]) -> bool:
    """Tell whether most cells of a column are e-mail addresses."""
    filled = [cell for cell in cells if cell]
    found = sum(bool(_MAIL.fullmatch(cell)) for cell in filled)
    return bool(filled) and found >= _MOSTLY * len(filled)


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


def _plain_all(by_language: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return names of all languages, first those that come first in each."""
    ranked = zip_longest(*by_language.values())
    told = [plain(str(name)) for names in ranked for name in names if name is not None]
    return tuple(dict.fromkeys(told))
