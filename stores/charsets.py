"""Bytes to text, for files and mails whose encoding is unstated, wrong or broken."""

import codecs
import re
import unicodedata
from dataclasses import dataclass

# What senders write, and the codec that reads a superset of it: a page that says gb2312 holds
# GBK characters often enough, and one that says latin-1 means Windows'.
SUPERSETS = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "gb2312": "gb18030",
    "gb-2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "windows-936": "gb18030",
    "hz-gb-2312": "hz",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "tis-620": "cp874",
    "iso-8859-11": "cp874",
    "windows-874": "cp874",
    "unicode": "utf-16",
}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Codecs of the standard library that do not turn bytes into text, or are not for mail.
REFUSED = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"}

SAMPLE = 4096
LEAST_NULS = 0.3  # of every second byte, in UTF-16 text that is mostly Latin
LEAST_CHINESE = 0.85  # of what is not ASCII, before unlabelled bytes pass for GB18030
FOREIGN = re.compile(r"[^\x00-\x7f]+")
WITHIN_A_WORD = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f](?![^\x00-\x7f])")
CHINESE = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\u2010-\u2026\u00b7\u00d7]")


@dataclass(frozen=True)
class Decoded:
    text: str
    encoding: str
    sure: bool  # False where characters were replaced


def decode(data: bytes, declared: str = "") -> Decoded:
    """Return ``data`` as text; it never raises, and what cannot be read becomes U+FFFD.

    A byte order mark wins over ``declared``, and ``declared`` over a guess.
    """
    for mark, name in BOMS:
        if data.startswith(mark):
            return _decoded(data, name)

    codec = known_codec(declared)
    if codec and (exact := _strictly(data, codec)):
        return exact
    guess = guess_encoding(data)
    if guess and (exact := _strictly(data, guess)):
        return exact
    return _decoded(data, codec or "utf-8")


def known_codec(name: str) -> str:
    """Return a Python codec that reads charset ``name``, or "" where there is none."""
    wanted = name.strip().strip("\"'").lower()[:40]
    wanted = SUPERSETS.get(wanted, wanted)
    if not wanted or wanted in REFUSED or not wanted.isascii():
        return ""
    try:
        found = codecs.lookup(wanted)
        b"".decode(found.name)
    except (LookupError, ValueError):
        return ""
    return "" if found.name in REFUSED else found.name


def guess_encoding(data: bytes) -> str:
    """Return the encoding that unlabelled ``data`` is surely in, or "" when nothing is sure."""
    if wide := _wide(data[:SAMPLE]):
        return wide
    if _strictly(data, "utf-8"):
        return "utf-8"
    chinese = _strictly(data, "gb18030")
    if chinese:
        foreign = [letter for letter in chinese.text if not letter.isascii()]
        known = sum(1 for letter in foreign if CHINESE.match(letter))
        if foreign and known >= LEAST_CHINESE * len(foreign) and not _is_latin(chinese.text):
            return "gb18030"
    return ""


def _is_latin(text: str) -> bool:
    """Tell whether what reads as Chinese is rather one accented letter here and there in words.

    An accented letter and the one after it make a pair of bytes that is Chinese as well: the two
    stand within a word then, and alone, as Chinese hardly does.
    """
    runs = FOREIGN.findall(text)
    within = WITHIN_A_WORD.findall(text)
    return len(within) * 2 > len(runs)


def _wide(sample: bytes) -> str:
    pairs = len(sample) // 2
    if pairs < 2:  # noqa: PLR2004 - one pair proves nothing
        return ""
    evens, odds = sample[0 : pairs * 2 : 2].count(0), sample[1 : pairs * 2 : 2].count(0)
    if odds >= LEAST_NULS * pairs and evens < odds // 10 + 1:
        return "utf-16-le"
    if evens >= LEAST_NULS * pairs and odds < evens // 10 + 1:
        return "utf-16-be"
    return ""


def _strictly(data: bytes, encoding: str) -> Decoded | None:
    try:
        text = str(data, encoding)
    except (ValueError, LookupError):
        return None
    # Vietnamese in Windows' code page has its tones as letters of their own.
    return Decoded(
        unicodedata.normalize("NFC", text) if encoding == "cp1258" else text, encoding, sure=True
    )


def _decoded(data: bytes, encoding: str) -> Decoded:
    if exact := _strictly(data, encoding):
        return exact
    return Decoded(str(data, encoding, "replace"), encoding, sure=False)
