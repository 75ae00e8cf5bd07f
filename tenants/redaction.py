"""Takes out of what is logged whatever is secret or tells who somebody is.

Nothing is decided where a line is written: names of values, the shapes of secrets and the texts of
exceptions are looked at once, on the way out (``tenants.logs``).
"""

import re
import traceback
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import DataError

GONE: Final = "[gone]"
_LONGEST: Final = 4000  # letters of one text
_LOOKED_AT: Final = 6000  # a longer text is cut before it is looked through
_DEEPEST: Final = 4
_MOST_PARTS: Final = 50
_MOST_FRAMES: Final = 15
_MOST_LINKS: Final = 5
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROOT: Final = f"{Path(__file__).resolve().parent.parent}/"

_SECRET_WORDS: Final = (
    *("password", "passwd", "pwd", "passphrase", "secret", "token", "authorization", "cookie"),
    *("api_key", "apikey", "access_key", "private_key", "session", "csrf", "credential", "dsn"),
    *("signature", "cipher", "database_url", "redis_url", "e_mail", "email", "phone", "sealing"),
)
_SECRET_NAMES: Final = frozenset(
    {
        *("code", "auth_code", "key", "otp", "totp", "pin", "sign", "nonce", "seed"),
        *("name", "first_name", "last_name", "full_name", "display_name", "username", "user"),
        *("recipient", "recipients", "sender", "mail", "address", "subject", "ip", "note"),
        *("body", "payload", "query", "query_string", "params", "headers", "environ", "url"),
    }
)

# Each is tried at every letter of a text, so none may go far ahead from where it does not match.
_NAMED = (
    r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|authorization|sessionid|session[_-]?key|csrf\w*|credential|signature"
    r"|cipher)[\w.-]{0,40}"
)
_VALUE = r"""(?:"(?:[^"\\]|\\.)*(?:"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)|[^\s,;&)}\]]+)"""
_SPOKEN_OF: Final = (
    r"\b(password|passwd|passphrase|secret|token|key|code)(\s+(?:is|was|of)?\s*)"
    r"[\"']?(?=[^\s\"']*[\d!@#$%^&*+_-])[^\s\"']{4,}"
)
_PATTERNS: Final = tuple(
    (re.compile(pattern, flags), put)
    for pattern, flags, put in (
        # A row in PostgreSQL's own words, which may go over several lines.
        (
            r"DETAIL:.*?(?=\n(?:HINT|CONTEXT|STATEMENT|LINE|Traceback)|\Z)",
            re.DOTALL,
            "DETAIL: " + GONE,
        ),
        (r"-----BEGIN [A-Z ]*KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL, GONE),
        (r"((?:set-)?cookie[\"']?\s*[:=]\s*)[^\n}]+", re.IGNORECASE, r"\1" + GONE),
        (r"\b(bearer|basic|digest)\s+[\w.~+/=:-]{6,}", re.IGNORECASE, r"\1 " + GONE),
        (r"\b([a-z][a-z0-9+.-]{1,20}://)[^\s\"'<>]{0,300}@", re.IGNORECASE, r"\1" + GONE + "@"),
        (r"(?<=[\w/=%-])[?#][^\s\"'<>]+", 0, "?" + GONE),
        (r"[^\s@<>\"'(),;:=\[\]{}|]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", 0, GONE),
        (rf"([\"']?{_NAMED}[\"']?\s*(?:=>|[:=])\s*){_VALUE}", re.IGNORECASE, r"\1" + GONE),
        (
            _SPOKEN_OF,
            re.IGNORECASE,
            r"\1\2" + GONE,
        ),
        (r"\bahr_\w+", 0, GONE),
        (r"\b(?:sk|pk|rk|whsec|TTP|ROW|GCP|ghp|xox[a-z])_[\w+/=-]{8,}", 0, GONE),
        (r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?", 0, GONE),
        (r"\bv1:\w+:[A-Za-z0-9+/=]{20,}", 0, GONE),
        (r"\+\d[\d ()-]{7,}\d", 0, GONE),
        # A session's key, and whatever else is long and made by chance.
        (r"\b(?=[a-z]*\d)(?=[a-f0-9]*[g-z])[a-z0-9]{32,}\b", 0, GONE),
        (r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{24,}(?![\w-])", 0, GONE),
    )
)


def clean_text(text: str) -> str:
    """Return ``text`` without what looks like a secret, an address or a person's."""
    found = text
    if len(text) > _LOOKED_AT:  # a word that is cut in two would not be known as a secret
        found = " ".join(text[:_LOOKED_AT].rsplit(maxsplit=1)[:-1]) + "…"
    for pattern, put in _PATTERNS:
        found = pattern.sub(put, found)
    return found if len(found) <= _LONGEST else found[:_LONGEST] + "…"


def is_secret(name: str) -> bool:
    """Tell by its name whether a value is nobody's business."""
    plain = name.lower().replace("-", "_").replace(" ", "_")
    return plain in _SECRET_NAMES or any(word in plain for word in _SECRET_WORDS)


def clean_value(name: str, value: Any, *, depth: int = 0) -> Any:
    """Return ``value``, which stands under ``name``, as plain JSON without secrets.

    Of an object that is no plain value only the class is told: its text may be a person's name.
    """
    if isinstance(value, UUID | str) and _ID.fullmatch(str(value)):
        return str(value)
    if is_secret(name):
        return GONE
    if isinstance(value, bool | int | float | type(None)):
        return value
    if isinstance(value, Mapping | list | tuple | set | frozenset) and depth < _DEEPEST:
        return _clean_parts(name, value, depth + 1)
    return _in_words(value)


def _clean_parts(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        parts = list(value.items())[:_MOST_PARTS]
        return {
            clean_text(str(key)): clean_value(str(key), part, depth=depth) for key, part in parts
        }
    return [clean_value(name, part, depth=depth) for part in list(value)[:_MOST_PARTS]]


def _in_words(value: Any) -> str:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bytes):
        return clean_text(value.decode(errors="replace"))
    if isinstance(value, date | timedelta | Decimal):
        return str(value)
    return headline(value) if isinstance(value, BaseException) else f"<{type(value).__name__}>"


def describe(error: BaseException | None) -> str:
    """Return what went wrong and where, the newest first, each with what it came from."""
    links: list[str] = []
    while error is not None and len(links) < _MOST_LINKS:
        links.append("\n".join([headline(error), *_places(error.__traceback__)]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\ncaused by ".join(links)


def headline(error: BaseException) -> str:
    """Return an error's class and the first line of what it says."""
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    # PostgreSQL repeats the value that it refuses.
    is_of_data = isinstance(error, DataError | psycopg.DataError)
    said = "" if is_of_data else clean_text(str(error)).partition("\n")[0]
    return f"{name}: {said}" if said else name


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.StackSummary.extract(traceback.walk_tb(trace), lookup_lines=False)
    return [
        f"  {frame.filename.removeprefix(_ROOT)}:{frame.lineno} in {frame.name}"
        for frame in list(frames)[-_MOST_FRAMES:]
    ]
