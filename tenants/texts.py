"""Texts that people type."""

import unicodedata


def printable(text: str) -> str:
    """Return ``text`` without signs that show nothing, and without space around it.

    Spaces of no width make two names look alike, and signs that turn the direction of writing
    make one read as another. What no text may hold, NUL and halves of a pair, is left for fields
    to refuse.
    """
    return "".join(sign for sign in text if not _shows_nothing(sign)).strip()


def _shows_nothing(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return kind.startswith("C") and kind != "Cs" and sign != "\x00"
