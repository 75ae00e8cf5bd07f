"""Chance that can be repeated: the same words always draw the same lot."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_SPAN = 2**64


def number(*words: object) -> int:
    """Return an evenly spread whole number in [0, 2**64) that hangs on ``words`` only."""
    text = "/".join(map(str, words))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def share(*words: object) -> float:
    """Return an evenly spread number in [0, 1)."""
    return number(*words) / _SPAN


def between(least: int, most: int, *words: object) -> int:
    """Return a whole number in [least, most]."""
    return least + number(*words) % (most - least + 1)


def pick(choices: Sequence[T], *words: object) -> T:
    return choices[number(*words) % len(choices)]


def identifier(prefix: str, *words: object) -> str:
    """Return 19 digits that begin with ``prefix``, as the marketplace's ids are."""
    return prefix + f"{number(*words):020d}"[-(19 - len(prefix)) :]
