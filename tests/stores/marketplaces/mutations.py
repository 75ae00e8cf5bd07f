"""Answers with something wrong in them, and what must hold whatever it is."""

import copy
import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from stores.marketplaces.core import BadPayload, Node, read_json
from tests.stores.marketplaces.answers import CALLS, MARK, Call, texts

WRONG: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**70,
    1.5,
    1e300,
    "",
    " ",
    "0",
    "NaN",
    "-5",
    "9" * 400,
    "two words",
    "null\x00",
    "\ud800",
    "\u202eright to left",
    "1e9",
    [],
    {},
    [[]],
    ["text"],
    [None],
    [{}],
    {"a": 1},
    {"id": {"id": 1}},
)
RENAMED = "_v2"
RAW: tuple[bytes, ...] = (b"NaN", b"-Infinity", b"\xff", b"]", b"{", b'"', b"\x00", b"9" * 5000)


@dataclass
class Tally:
    """What became of the answers tried; ``broken`` names each promise that did not hold."""

    parsed: int = 0
    refused: int = 0
    refused_bytes: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return self.parsed + self.refused


def try_answers(draw: Random, *, each: int) -> Tally:
    """Break the answer of every call ``each`` times and see what its parser does."""
    tally = Tally()
    for name, call in CALLS.items():
        for _ in range(each):
            data, body = _mutated(draw, call.data)
            _try(name, call, data, body, tally)
    return tally


def _try(name: str, call: Call, data: object, body: bytes, tally: Tally) -> None:
    """Parse ``body`` as the client does; ``data`` is what it says, None if its bytes are wrong."""
    try:
        value = call.parse(Node(read_json(body), "data"))
    except BadPayload as bad:
        tally.refused += 1
        tally.refused_bytes += bad.is_no_answer
        if not bad.path.startswith(("data", "answer")) or MARK in str(bad).lower():
            tally.broken.append(f"{name}: the refusal says {bad!r}")
        return
    except Exception as error:  # noqa: BLE001 - the very thing that must not happen
        tally.refused += 1
        tally.broken.append(f"{name}: {type(error).__name__}: {error}")
        return
    tally.parsed += 1
    if MARK in " ".join([*texts(value), repr(value)]).lower():
        tally.broken.append(f"{name}: a buyer's mark came through")
    for source, target in call.lists if data is not None else ():
        came_in, came_out = _count(data, source), _count(value, target)
        if isinstance(value, list) or hasattr(value, "next_page_token"):
            # What a search found may not be lost to a new name of its list.
            renamed = data.get(f"{source}{RENAMED}") if isinstance(data, dict) else None
            came_in += len(renamed) if isinstance(renamed, list) else 0
        if came_in != came_out:
            tally.broken.append(f"{name}: {source} held {came_in}, {came_out} came out")


def _mutated(draw: Random, data: dict[str, Any]) -> tuple[object, bytes]:
    changed = json.loads(json.dumps(data))  # no two places share one value
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        _change_one(draw, changed)
    body = json.dumps(changed).encode()
    if draw.random() > 0.1:
        return changed, body
    place = draw.randrange(len(body))
    broken = draw.choice((body[:place], body[:place] + draw.choice(RAW) + body[place + 1 :]))
    return None, broken


def _change_one(draw: Random, data: dict[str, Any]) -> None:
    places = list(_places(data))
    if not places:
        return
    holder, key = draw.choice(places)
    kind = draw.choice(("wrong", "wrong", "wrong", "gone", "renamed", "twice", "swapped"))
    if kind == "wrong":
        holder[key] = copy.deepcopy(draw.choice(WRONG))
    elif kind == "gone":
        del holder[key]
    elif kind == "renamed" and isinstance(holder, dict):
        holder[f"{key}{RENAMED}"] = holder.pop(key)
    elif kind == "twice" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        other, other_key = draw.choice(places)
        holder[key] = copy.deepcopy(other[other_key])
        _unmark(holder, key)


def _unmark(holder: Any, key: Any) -> None:
    """Take the marks off a value that was put where words are to be kept."""
    told = json.dumps(holder[key]).replace("canary", "sparrow").replace("Canary", "Sparrow")
    holder[key] = json.loads(told)


def _places(value: Any) -> Any:
    """Yield each place of a document as its holder and the key there."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _count(value: Any, path: str) -> int:
    """Count the members of the lists at ``path``; what is no list counts as one."""
    found = [value]
    for step in filter(None, path.split(".")):
        if step == "*":
            found = [member for one in found if one is not None for member in one]
        else:
            found = [_member(one, step) for one in found if one is not None]
    return sum(len(one) if isinstance(one, list | tuple) else 1 for one in found if one is not None)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name)
