"""YAML read strictly: every refusal names file and line, every key must be known and read once."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import yaml

from scoring.core.rulebook import RulebookError

Choice = TypeVar("Choice", bound=StrEnum)
Read = TypeVar("Read")


@dataclass(frozen=True)
class Node:
    """One node of a YAML file that knows where it stands."""

    file: str
    yaml: yaml.Node

    @property
    def line(self) -> int:
        return int(self.yaml.start_mark.line) + 1

    def refuse(self, why: str) -> RulebookError:
        """Return (for raising) a refusal that points at this node."""
        return RulebookError(why, self.file, self.line)

    def scalar(self, what: str) -> str:
        if not isinstance(self.yaml, yaml.ScalarNode) or not self.yaml.value:
            raise self.refuse(f"expected {what}")
        return str(self.yaml.value)

    def text(self) -> str:
        value = self.scalar("a text")
        if self.yaml.tag != "tag:yaml.org,2002:str":
            raise self.refuse(f"expected a text, not {value}; put it in quotes if it is one")
        return value

    def code(self) -> str:
        value = self.text()
        if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
            raise self.refuse(f"{value!r} is not a code: small letters, digits and _ only")
        return value

    def integer(self, least: int = -1_000_000) -> int:
        value = self.scalar("a whole number")
        if not re.fullmatch(r"-?[0-9]{1,7}", value):
            raise self.refuse(f"expected a whole number, not {value!r}")
        if int(value) < least:
            raise self.refuse(f"{value} is less than {least}")
        return int(value)

    def decimal(self) -> Decimal:
        value = self.scalar("a number")
        if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,3})?", value):
            raise self.refuse(f"expected a number like 4.5, not {value!r}")
        return Decimal(value)

    def flag(self) -> bool:
        value = self.scalar("true or false")
        if value not in {"true", "false"}:
            raise self.refuse(f"expected true or false, not {value!r}")
        return value == "true"

    def day_or_month(self) -> str:
        value = self.scalar("a date")
        try:
            date.fromisoformat(value if len(value) > len("2026-07") else f"{value}-01")
        except ValueError:
            raise self.refuse(f"expected a date like 2026-07-09 or 2026-07, not {value}") from None
        return value

    def moment(self) -> date | datetime:
        """Return a bare date, or a moment that says its offset."""
        value = self.scalar("a date")
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise self.refuse(f"expected a date or a moment, not {value!r}") from None
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return moment.date()
        if moment.tzinfo is None:
            raise self.refuse(f"{value} says no offset from UTC")
        return moment

    def choice(self, choices: type[Choice]) -> Choice:
        value = self.scalar("one of " + ", ".join(choices))
        try:
            return choices(value)
        except ValueError:
            raise self.refuse(f"{value!r} is none of {', '.join(choices)}") from None

    def items(self) -> list["Node"]:
        if not isinstance(self.yaml, yaml.SequenceNode):
            raise self.refuse("expected a list")
        return [Node(self.file, item) for item in self.yaml.value]

    def table(self) -> "Table":
        """Return the mapping at this node.

        Raises:
            RulebookError: if it is none, or a key is no text or stands there twice.
        """
        if not isinstance(self.yaml, yaml.MappingNode):
            raise self.refuse("expected a mapping")
        keys: dict[str, Node] = {}
        values: dict[str, Node] = {}
        for key, value in self.yaml.value:
            here = Node(self.file, key)
            name = here.text()
            if name in keys:
                raise here.refuse(f"{name!r} stands here twice")
            keys[name] = here
            values[name] = Node(self.file, value)
        return Table(self, keys, values)


@dataclass
class Table:
    """A mapping whose keys are taken out one by one; what is left over is refused by ``done``."""

    node: Node
    keys: dict[str, Node]
    values: dict[str, Node]

    def need(self, key: str) -> Node:
        if key not in self.values:
            raise self.node.refuse(f"{key!r} is missing")
        return self.values.pop(key)

    def get(self, key: str, read: Callable[[Node], Read]) -> Read | None:
        """Return what ``read`` makes of ``key``; None where it is absent."""
        return read(self.values.pop(key)) if key in self.values else None

    def each(self, key: str) -> Iterator[Node]:
        """Go through the list at ``key``; through nothing where it is absent."""
        yield from self.get(key, Node.items) or []

    def done(self) -> None:
        for name in self.values:
            raise self.keys[name].refuse(f"{name!r} is not known here")


def read_yaml(text: str, file: str) -> Node:
    """Return the one document of ``text``, as nodes that know their lines."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RulebookError(str(error.problem), file, line) from None
    except yaml.YAMLError as error:  # characters that no YAML may hold
        raise RulebookError(str(error), file, 1) from None
    if root is None:
        raise RulebookError("the file is empty", file, 1)
    return Node(file, root)
