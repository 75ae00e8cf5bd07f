"""The languages that notices are read in: YAML apart from code, compiled once."""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "languages"

DATE_OPEN, DATE_CLOSE = "⟦", "⟧"
_BLANK = r"[^\S\n]"
NUMBER = (
    rf"(?<![\d./{DATE_OPEN}])(?<!\d,)(?:[-+]\s?)?\d[\d.,]*(?<![.,])"
    rf"(?![\d{DATE_CLOSE}/%A-Za-z]|[.,]\d)"
)
_SUM = r"(?P<sum>\d[\d.,']*)(?<![.,'])(?![\d%])"
_SIGN = (
    rf"{_BLANK}*(?::|=|\||-(?=\s)){_BLANK}*\n?{_BLANK}*|{_BLANK}*\t{_BLANK}*|{_BLANK}*\n{_BLANK}*"
)
_PIECES = {
    "low": r"(?<![\d.,])(?P<low>\d{1,4})(?![\d.,]\d)",
    "high": r"(?P<high>\d{1,4})(?![\d.,]*\d)",
    "date": rf"{_BLANK}*{DATE_OPEN}(?P<date>\d+){DATE_CLOSE}",
    "ref": r"#?(?P<ref>(?=[A-Za-z_-]{0,30}\d)[A-Za-z0-9][A-Za-z0-9_-]{3,63})(?![A-Za-z0-9_-])",
    "shortref": r"#?(?P<ref>(?=[A-Za-z]{0,2}\d)[A-Za-z0-9]{3})(?![A-Za-z0-9_.,/:%-]|[年月日天分])",
    "line": r"(?P<line>[^\n]{2,200})",
    "open": DATE_OPEN,
    "close": DATE_CLOSE,
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
    tells: tuple[re.Pattern[str], ...]  # finds many times in a text of this language
    writes_day_first: bool


TELLS_FROM = 4  # finds


@cache
def languages() -> tuple[Language, ...]:
    return tuple(_language(source) for source in _sources())


@cache
def _sources() -> tuple[dict[str, Any], ...]:
    paths = sorted(FOLDER.glob("*.yaml"))
    return tuple(yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths)


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
def _variants() -> Mapping[int, str]:
    """Return the letter that patterns are written in for each of its other forms."""
    pairs = "".join(source.get("variants", "") for source in _sources())
    letters = "".join(pairs.split())
    return {ord(form): known for form, known in zip(letters[::2], letters[1::2], strict=True)}


def simplified(text: str) -> str:
    """Return ``text``, letter for letter, in the forms that patterns are written in."""
    return text.translate(_variants())


@cache
def currency(sign: str) -> str:
    """Return what currency ``sign`` stands for, "$" for a dollar of whichever country."""
    found = {
        code
        for language in _sources()
        for code, signs in language.get("currencies", {}).items()
        for each in signs
        if each.casefold() == " ".join(sign.casefold().split())
    }
    return found.pop() if len(found) == 1 else ""


def writes_day_first(text: str) -> bool:
    """Tell whether ``text`` is in a language that always writes the day before the month."""
    return any(
        language.writes_day_first
        and sum(len(one.findall(text)) for one in language.tells) >= TELLS_FROM
        for language in languages()
    )


@cache
def rules() -> tuple[tuple[str, str], ...]:
    """Return (alias, code) of all languages, the longest alias first."""
    pairs = {(alias, code) for language in languages() for alias, code in language.rules.items()}
    return tuple(sorted(pairs, key=lambda pair: (-len(pair[0]), pair)))


@cache
def exclusive_words() -> frozenset[str]:
    """Return the words after which a bare day is not itself included: before, 之前."""
    return frozenset(pattern.pattern for pattern in patterns("exclusive"))


def _language(source: dict[str, Any]) -> Language:
    data = deepcopy(source)
    data.pop("currencies", None)
    data.pop("variants", None)
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
    tells = tuple(compiled(source, {}) for source in data.pop("tells", ()))
    writes_day_first = bool(data.pop("writes_day_first", False))

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
    signs = _currency_signs()
    before, after = rf"(?P<cur>{signs}){_BLANK}*", rf"{_BLANK}*(?P<cur2>{signs})(?![a-z])"
    pieces = {
        "is": _copulas(data.pop("copulas")),
        "label": "",
        "money": rf"(?:[-(])?(?:{before})?-?{_SUM}(?:{after})?",
        "owed": rf"(?P<minus>[-(])?(?:{before})?(?(minus)|-){_SUM}(?:{after})?",
        "n": f"(?P<n>{number})",
        "number": f"(?:{number})",
        "name": data.get("rating", {}).pop("name", "(?!)"),
    }
    fields: dict[str, tuple[re.Pattern[str], ...]] = {}
    for name, value in _flat(data):
        sources = [value] if isinstance(value, str) else value
        fields[name] = tuple(compiled(source, pieces) for source in sources)
    return Language(
        code, words, fields, rules, Forwarding(markers, labels), tells, writes_day_first
    )


def _currency_signs() -> str:
    signs = {
        each
        for source in _sources()
        for signs in source.get("currencies", {}).values()
        for each in signs
    }
    return "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))


def _copulas(words: list[str]) -> str:
    """Return the pattern of "is"; Latin letters need blanks around it."""
    latin = [rf"{_BLANK}+{word}{_BLANK}+" for word in words if word < "\u0e00"]
    other = [rf"{_BLANK}*{word}{_BLANK}*" for word in words if word >= "\u0e00"]
    return "|".join((*latin, *other))


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
    known = {**_PIECES, "is": "", "label": "", **pieces}
    named_already = False

    def fill(match: re.Match[str]) -> str:
        nonlocal named_already
        name = match[1]
        if name in {"is", "label"}:
            opening = "(?:" if named_already else "(?P<sep>"
            named_already = True
            return f"{opening}{_SIGN}|{known[name]})" if known[name] else f"{opening}{_SIGN})"
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
