"""The languages that notices are read in: YAML apart from code, compiled once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "languages"

DATE_OPEN, DATE_CLOSE = "⟦", "⟧"
_BLANK = r"[^\S\n]"
NUMBER = (
    rf"(?<![\d.,/{DATE_OPEN}])(?:[-+]\s?)?\d[\d.,]*(?<![.,])(?![\d{DATE_CLOSE}/%A-Za-z]|[.,]\d)"
)
_SIGN = (
    rf"{_BLANK}*(?::|=|\||-(?=\s)){_BLANK}*\n?{_BLANK}*|{_BLANK}*\t{_BLANK}*|{_BLANK}*\n{_BLANK}*"
)
_PIECES = {
    "low": r"(?<![\d.,])(?P<low>\d{1,4})(?![\d.,]\d)",
    "high": r"(?P<high>\d{1,4})(?![\d.,]*\d)",
    "date": rf"{_BLANK}*{DATE_OPEN}(?P<date>\d+){DATE_CLOSE}",
    "ref": r"#?(?P<ref>(?=[A-Za-z_-]{0,30}\d)[A-Za-z0-9][A-Za-z0-9_-]{3,63})(?![A-Za-z0-9_-])",
    "line": r"(?P<line>[^\n]{2,200})",
}


@dataclass(frozen=True)
class Forwarding:
    """How a mail program writes that what follows is somebody else's mail."""

    markers: tuple[re.Pattern[str], ...]
    labels: Mapping[str, str]  # label in lower case -> "from", "date", "subject" or "other"


@dataclass(frozen=True)
class Language:
    code: str
    numbers: Mapping[str, int]
    fields: Mapping[str, tuple[re.Pattern[str], ...]]  # "points.taken" -> its patterns
    rules: Mapping[str, str]  # alias in lower case -> the rulebooks' code
    forwarding: Forwarding


@cache
def languages() -> tuple[Language, ...]:
    return tuple(_language(path) for path in sorted(FOLDER.glob("*.yaml")))


@cache
def patterns(field: str) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of ``field`` in every language.

    Raises:
        KeyError: if no language knows the field.
    """
    found = tuple(one for language in languages() for one in language.fields.get(field, ()))
    if not found:
        raise KeyError(field)
    return found


@cache
def fields_under(group: str) -> tuple[str, ...]:
    names = {name for language in languages() for name in language.fields}
    return tuple(sorted(name for name in names if name.startswith(group + ".")))


@cache
def numbers() -> Mapping[str, int]:
    return {word: value for language in languages() for word, value in language.numbers.items()}


@cache
def rules() -> tuple[tuple[str, str], ...]:
    """Return (alias, code) of all languages, the longest alias first."""
    pairs = {(alias, code) for language in languages() for alias, code in language.rules.items()}
    return tuple(sorted(pairs, key=lambda pair: (-len(pair[0]), pair)))


@cache
def exclusive_words() -> frozenset[str]:
    """Return the words after which a bare day is not itself included: before, 之前."""
    return frozenset(pattern.pattern for pattern in patterns("exclusive"))


def _language(path: Path) -> Language:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    words = {str(word).lower(): int(value) for word, value in data.pop("numbers").items()}
    rules = {
        alias.lower(): code for code, aliases in data.pop("rules").items() for alias in aliases
    }
    code = data.pop("language")
    quoting = data.pop("forwarding")
    labels = {
        label.lower(): kind
        for kind in ("from", "date", "subject", "other")
        for label in quoting[kind]
    }
    markers = tuple(compiled(marker, {}) for marker in quoting["markers"])

    # Latin number words end at a word's edge; Chinese ones must not be cut out of a longer one.
    latin = "|".join(sorted((word for word in words if word.isascii()), key=len, reverse=True))
    other = "|".join(sorted((word for word in words if not word.isascii()), key=len, reverse=True))
    number = "|".join(
        part
        for part in (
            NUMBER,
            rf"\b(?:{latin})\b" if latin else "",
            rf"(?:{other})(?![一二三四五六七八九十百])" if other else "",
        )
        if part
    )
    pieces = {
        "n": f"(?P<n>{number})",
        "number": f"(?:{number})",
        "name": data.get("rating", {}).pop("name", "(?!)"),
    }
    fields: dict[str, tuple[re.Pattern[str], ...]] = {}
    for name, value in _flat(data):
        sources = [value] if isinstance(value, str) else value
        fields[name] = tuple(compiled(source, pieces) for source in sources)
    return Language(code, words, fields, rules, Forwarding(markers, labels))


def _flat(data: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in data.items():
        if isinstance(value, dict):
            flat += _flat(value, f"{above}{name}.")
        else:
            flat.append((above + name, value))
    return flat


def compiled(source: str, pieces: Mapping[str, str]) -> re.Pattern[str]:
    """Compile one pattern of a language file; its placeholders are named in ``en.yaml``."""
    known = {**_PIECES, **pieces}
    named_already = False

    def fill(match: re.Match[str]) -> str:
        nonlocal named_already
        name = match[1]
        if name in {"is", "label"}:
            words = "" if name == "label" else rf"|{_BLANK}+is{_BLANK}+|{_BLANK}*[为是]{_BLANK}*"
            opening = "(?:" if named_already else "(?P<sep>"
            named_already = True
            return f"{opening}{_SIGN}{words})"
        if name == "name":
            return _blanks(known[name])
        return known[name]

    source = _blanks(source)
    return re.compile(
        re.sub(r"\{([a-z]+)\}", fill, source), re.IGNORECASE | re.MULTILINE | re.UNICODE
    )


def _blanks(source: str) -> str:
    """Let a blank stand for any white space within a line."""
    written: list[str] = []
    in_class = False
    in_lookbehind = 0
    for at, letter in enumerate(source):
        if letter == "[" and source[at - 1] != "\\":
            in_class = True
        elif letter == "]" and source[at - 1] != "\\":
            in_class = False
        elif source.startswith(("(?<!", "(?<="), at):
            in_lookbehind = 1
        elif in_lookbehind and letter == ")":
            in_lookbehind = 0
        if letter == " " and in_class:
            written.append(r"\t ")
        elif letter == " " and in_lookbehind:
            written.append(_BLANK)
        elif letter == " ":
            optional = source.startswith("?", at + 1)
            written.append(f"(?:{_BLANK}+)" if optional else f"{_BLANK}+")
        else:
            written.append(letter)
    return "".join(written)
