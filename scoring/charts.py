"""A chart as ``components/chart.html`` takes it: what is drawn, and the same as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    href: str = ""
    tone: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    head: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Mark:
    """One entry of the legend; ``shape`` is one that the component knows."""

    shape: str
    label: str


@dataclass(frozen=True, slots=True)
class Range:
    days: int  # 0: all
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """``data`` is of the shape that ``config/static/js/chart.js`` tells of the kind."""

    kind: str
    data: Mapping[str, Any]
    table: Table
    legend: Sequence[Mark] = ()
    ranges: Sequence[Range] = ()
    days: int = 0
