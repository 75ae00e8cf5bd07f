"""One broken file, where the message about it must point, and the good files before they break."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.corpus import columns, facts
from tests.corpus.build_files import (
    AMERICAN,
    DAY_FIRST,
    ISO_MINUTE,
    LAZADA,
    MEASURES_EN,
    RULES_EN,
    SLASHED_DAY,
    STATES_LAZADA,
    File,
    Look,
    Text,
)
from tests.corpus.sheets import Cell, Sheet, workbook

SEED = 20260714
MOST_ROWS = 100_000
MEGABYTE = 1 << 20

Rows = list[list[Cell]]

# What must happen: the whole file is refused; the row is shown as wrong and the rest can be taken;
# or reading it rightly is as good as refusing it.
Verdict = Literal["refused", "bad_rows", "harmless"]


@dataclass(frozen=True)
class Broken:
    name: str
    kind: str  # what it pretends to hold
    market: str
    breaks: str  # the kind of break
    verdict: Verdict
    content: Callable[[], bytes]
    sheet: str | None = None  # must be named: the workbook has several
    row: int | None = None
    column: str | None = None  # its header
    letter: str | None = None  # its letters in a spreadsheet
    good_rows: int = 0  # rows that stay right

    @property
    def names(self) -> str:
        """How exactly the message must point: at the file, a column, a row, or a cell."""
        if self.row and self.column:
            return "cell"
        return "row" if self.row else "column" if self.column else "file"


def bases() -> list[File]:
    english = Look(ISO_MINUTE, words=RULES_EN)
    return [
        File("violations", "violations", "SG", facts.violations("SG"), columns.VIOLATIONS, english),
        File("ratings", "ratings", "US", facts.ratings("US"), columns.RATINGS, Look(ISO_MINUTE)),
        File(
            "readings",
            "readings",
            "SG",
            facts.readings("SG"),
            columns.READINGS,
            Look(ISO_MINUTE, words=MEASURES_EN),
        ),
        File("stores", "stores", "SG", facts.stores(), columns.STORES),
        File(
            "orders",
            "tiktok_orders",
            "VN",
            facts.orders("VN", 9),
            columns.TIKTOK_ORDERS_SEA,
            Look(DAY_FIRST),
            described=True,
        ),
        File(
            "us-orders",
            "tiktok_orders",
            "US",
            facts.orders("US", 9),
            columns.TIKTOK_ORDERS_US,
            Look(AMERICAN),
            described=True,
        ),
        File(
            "income",
            "tiktok_income",
            "MY",
            facts.settlements("MY", 6),
            columns.TIKTOK_INCOME_DRIFTED,
            Look(SLASHED_DAY),
        ),
        File(
            "shopee",
            "shopee_orders",
            "SG",
            facts.orders("SG", 8, shopee=True),
            columns.SHOPEE_ORDERS,
            Look(ISO_MINUTE),
        ),
        File(
            "lazada",
            "lazada_orders",
            "SG",
            facts.orders("SG", 7),
            columns.LAZADA_ORDERS,
            Look(LAZADA, words=STATES_LAZADA),
        ),
    ]


def whole_file(
    name: str,
    breaks: str,
    content: Callable[[], bytes],
    verdict: Verdict = "refused",
    kind: str = "violations",
) -> Broken:
    good = len(bases()[0].told) if verdict == "harmless" else 0
    return Broken(name, kind, "SG", breaks, verdict, content, good_rows=good)


def good_rows() -> Rows:
    return bases()[0].rows()


def good_book() -> bytes:
    return workbook([Sheet("Sheet1", good_rows())])


def good_text(alphabet: str = "utf-8") -> bytes:
    return Text(alphabet=alphabet).write("", good_rows())


def exactly(content: bytes) -> Callable[[], bytes]:
    return lambda: content
