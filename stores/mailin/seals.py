"""The seals that mailbox providers put on what they saw at their own door: ARC, RFC 8617.

Whether a seal holds is the verifier's question; here is read what a seal that holds says.
"""

import re
from collections.abc import Mapping, Sequence

from dkim.util import parse_tag_value

_MOST_LETTERS = 10_000
_SIGNATURE = b"arc-message-signature"
Headers = Sequence[tuple[int, tuple[bytes, bytes]]]


def newest_signature(headers: Headers, count: int) -> tuple[Mapping[bytes, bytes], list[bytes]]:
    """Return the tags of the signature that the newest hop put on the mail, and what it covers.

    Raises:
        IndexError: if there is none.
    """
    found = [value for hop, (name, value) in headers if hop == count and name.lower() == _SIGNATURE]
    return tags_of(found[0])


def tags_of(value: bytes) -> tuple[Mapping[bytes, bytes], list[bytes]]:
    """Return a signature's tags and the headers it covers, in lower case.

    Raises:
        DKIMException: if it is no list of tags.
    """
    tags = parse_tag_value(value)
    covered = re.split(rb"\s*:\s*", tags.get(b"h", b"").strip().lower())
    return tags, covered


def domains_passed(results: str) -> frozenset[str]:
    """Return the domains whose DKIM signature the authentication ``results`` say was valid.

    Results that can be read in two ways are not read: the words in them may be a stranger's.
    """
    domains = set()
    for words in _results(results[:_MOST_LETTERS]):
        method, result, *rest = words
        if (method, result) != ("dkim", "pass"):
            continue
        pairs = list(zip(rest[::2], rest[1::2], strict=True))
        said = {value.rpartition("@")[2] for name, value in pairs if name == "header.d"}
        said |= {value.rpartition("@")[2] for name, value in pairs if name == "header.i"}
        if len({name for name, _value in pairs}) == len(pairs) and len(said) == 1:
            domains |= said
    return frozenset(domains - {""})


_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([;()=])|([^\s";()=\\]+)|(\s+)|(.)', re.DOTALL)


def _results(text: str) -> list[list[str]]:
    """Return of each result its method, its outcome, and names and values in turn."""
    statements: list[list[str]] = [[]]
    depth = 0
    for quoted, sign, word, blank, stray in _TOKEN.findall(text):
        if stray:  # a quotation mark that nothing closes, or what may hide a sign from us
            return []
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth < 0:
                return []
        elif depth or blank:
            continue
        elif sign == ";":
            statements.append([])
        else:
            statements[-1].append(sign or (word or quoted).lower())
    if depth:
        return []
    return [pairs for pairs in map(_paired, statements) if pairs]


def _paired(tokens: list[str]) -> list[str]:
    """Return the words of "name=value name=value", or none where it is anything else.

    A value may hold "=" of its own, as base64 does, only at its end.
    """
    words: list[str] = []
    at = 0
    while at < len(tokens):
        if at + 2 >= len(tokens) or tokens[at + 1] != "=" or "=" in {tokens[at], tokens[at + 2]}:
            return []
        words += [tokens[at], tokens[at + 2]]
        at += 3
        while at < len(tokens) and tokens[at] == "=":
            at += 1
    return words
