"""What tells the same announcement to many stores: its words, without what is each store's own."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_SHORTEST_NAME: Final = 3
_OWN: Final = re.compile(
    r"https?://\S+"  # links carry the reader's own tokens
    r"|[^\s@<>]*@[^\s@<>]+"  # whom it was sent to
    r"|\b(?=\w*\d)\w{6,}\b"  # numbers of mails, shops and campaigns
)
_GREETING: Final = re.compile(
    r"^[ \t]*(?:(?:dear|hi|hello|halo|kepada|kính gửi)\b|尊敬的|亲爱的|您好|你好|เรียน)"
    r"[^\n,，!！:：]{0,120}",
    re.MULTILINE,
)
_SIGNS: Final = re.compile(r"[\W_]+")


def topic_of(subject: str, text: str, *, names: Iterable[str]) -> str:
    """Return a digest of an announcement's words that is the same at each store it was sent to.

    Left out are greetings, links, addresses, long numbers, and ``names``, what the store is called.
    """
    words = unicodedata.normalize("NFKC", f"{subject}\n{text}").casefold()
    words = _GREETING.sub(" ", words)
    for name in sorted({_plain(name) for name in names}, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:
            words = words.replace(name, " ")
    words = _OWN.sub(" ", words)
    return hashlib.sha256(_SIGNS.sub(" ", words).strip().encode()).hexdigest()


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()
