"""Text as bytes in the alphabets of the trade, Vietnamese Windows among them."""

import unicodedata

TONES = "\u0300\u0301\u0303\u0309\u0323"


def encoded(text: str, alphabet: str) -> bytes:
    if alphabet != "windows-1258":
        return text.encode(alphabet)
    return "".join(_vietnamese(letter) for letter in text).encode("cp1258")


def _vietnamese(letter: str) -> str:
    """windows-1258 has tones as marks of their own, after the letter with its hat or horn."""
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(part for part in parts if part in TONES)
        bare = "".join(part for part in parts if part not in TONES)
        return unicodedata.normalize("NFC", bare) + tones
    return letter
