"""Which shops a notice names."""

import re
import unicodedata

from stores.mailin import patterns
from stores.mailin.parsers.findings import ShopsNamed, StoreHint
from stores.mailin.parsers.reading import QUOTES, Reading, once


def named_in(reading: Reading) -> ShopsNamed:
    names, codes = [], [hit["ref"] for hit in reading.hits("store.code")]
    for line in reading.lines("store.name"):
        both = re.fullmatch(r"(.+?) ?\(([A-Z0-9]{6,24})\)", line)
        names.append(both[1] if both else line)
        codes += [both[2]] if both else []
    everybody = patterns.patterns("store.everybody")
    spoken_of = [
        words
        for hit in reading.hits("store.spoken_of")
        if (words := reading.readable(hit.written("who")))
        and not any(one.match(patterns.simplified(words)) for one in everybody)
    ]
    return ShopsNamed(once(names), once(codes), once(spoken_of))


def hint(reading: Reading) -> StoreHint:
    shops = named_in(reading)
    return StoreHint(name=next(iter(shops.names), ""), code=next(iter(shops.codes), ""))


def begins_with_name(words: str, name: str) -> bool:
    """Tell whether ``words`` begin with ``name``, and not with a longer name that begins so.

    "Harbor Home VN was" does not begin with the name "Harbor Home".
    """
    wanted = " ".join(unicodedata.normalize("NFKC", name).split())
    written = unicodedata.normalize("NFKC", words).lstrip("".join(QUOTES))
    match = re.match(re.escape(wanted), written, re.IGNORECASE)
    if match is None:
        return False
    rest = written[match.end() :]
    after = rest.lstrip()
    if any(one.match(patterns.simplified(after)) for one in patterns.patterns("store.after_name")):
        return True
    starts_capital = after[:1].isalnum() and not after[:1].islower()
    return not (rest[:1].isalnum() or starts_capital or after[:1] in {"&", "+", "/"})
