"""Builds the files under ``files`` and the list of what they hold, from invented facts.

``python -m tests.corpus.build_files`` writes them anew. The facts are in ``facts.py``, the headers
in ``columns.py``, the bytes of a spreadsheet in ``sheets.py``; here is how each file looks.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.corpus import columns, facts
from tests.corpus.alphabets import encoded
from tests.corpus.columns import Columns
from tests.corpus.facts import Fact
from tests.corpus.sheets import Cell, Sheet, workbook

FILES = Path(__file__).parent / "files"
EXPECTED = FILES / "expected.yaml"

IDS = {"order_id", "item_id", "sku_id", "package", "id", "related_order_id", "reference", "shop_id"}
IMPORTANT = {
    "tiktok_orders": "order_id state created_at paid_at rts_at shipped_at delivered_at "
    "cancelled_at amount",
    "tiktok_income": "id type created_at settled_at settlement revenue fees penalty "
    "related_order_id",
    "tiktok_withdrawals": "type reference requested_at amount status succeeded_at",
    "shopee_orders": "order_id state created_at paid_at ship_by shipped_at delivered_at amount",
    "lazada_orders": "item_id order_id state created_at ship_by delivered_at amount",
    "violations": "shop reference rule points state reported_at enforced_at correct_by appeal_by",
    "ratings": "shop rating at",
    "readings": "shop measure value unit at",
    "stores": "shop marketplace market shop_id client group",
    "sub_accounts": "shop login name role last_sign_in",
}

SECOND, MINUTE, DAY = "second", "minute", "day"


# How a program writes times, amounts, identifiers and words


@dataclass(frozen=True)
class Times:
    write: Callable[[datetime], Cell]
    exact: str = SECOND

    def meant(self, at: datetime) -> str:
        if self.exact == DAY:
            return at.date().isoformat()
        return at.replace(second=at.second if self.exact == SECOND else 0).isoformat()


def _form(pattern: str, exact: str = SECOND) -> Times:
    return Times(lambda at: at.strftime(pattern), exact)


def _american(at: datetime) -> str:
    clock = at.strftime("%I:%M:%S %p").lstrip("0")
    return f"{at.month}/{at.day}/{at.year} {clock}"


def _buddhist(at: datetime) -> str:
    return f"{at.day:02}/{at.month:02}/{at.year + 543} {at:%H:%M}"


DAY_FIRST = _form("%d/%m/%Y %H:%M:%S")
AMERICAN = Times(_american)
ISO = _form("%Y-%m-%d %H:%M:%S")
ISO_MINUTE = _form("%Y-%m-%d %H:%M", MINUTE)
ISO_OFFSET = Times(lambda at: at.isoformat())
SLASHED_DAY = _form("%Y/%m/%d", DAY)
DAY_DASHED = _form("%d-%m-%Y", DAY)
LAZADA = _form("%d %b %Y %H:%M", MINUTE)
CHINESE = _form("%Y年%m月%d日 %H:%M", MINUTE)
BUDDHIST = Times(_buddhist, MINUTE)
SERIAL = Times(lambda at: at)
INDONESIAN = _form("%d/%m/%Y %H.%M", MINUTE)

Money = Callable[[Decimal, str], Cell]


def _grouped(value: Decimal, thousands: str, point: str) -> str:
    return f"{value:,}".replace(",", "\0").replace(".", point).replace("\0", thousands)


def _bare(write: Callable[[Decimal], Cell]) -> Money:
    """An amount that does not say its currency."""
    return lambda value, _currency: write(value)


MONEY: dict[str, Money] = {
    "plain": _bare(str),
    "number": _bare(lambda value: value),
    "comma": _bare(lambda value: str(value).replace(".", ",")),
    "code": lambda value, currency: f"{currency} {value}".replace(".", ","),
    "dots": _bare(lambda value: _grouped(value, ".", ",")),
    "commas": _bare(lambda value: _grouped(value, ",", ".")),
    "dong": _bare(lambda value: _grouped(value, ".", ",") + " ₫"),
    "dollar": _bare(lambda value: f"-${-value}" if value < 0 else f"${value}"),
    "brackets": _bare(lambda value: f"({-value})" if value < 0 else str(value)),
}
STATES_EN = {
    "done": "Completed",
    "shipped": "Shipped",
    "to_ship": "To ship",
    "cancelled": "Canceled",
}
STATES_VI = {
    "done": "Đã hoàn tất",
    "shipped": "Đã vận chuyển",
    "to_ship": "Cần gửi",
    "cancelled": "Đã hủy",
}
STATES_ZH = {"done": "已完成", "shipped": "已发货", "to_ship": "待发货", "cancelled": "已取消"}
STATES_ID = {
    "done": "Selesai",
    "shipped": "Dikirim",
    "to_ship": "Perlu Dikirim",
    "cancelled": "Batal",
}
STATES_LAZADA = {
    "done": "delivered",
    "shipped": "shipped",
    "to_ship": "pending",
    "cancelled": "canceled",
}
RULES_EN = {
    "prohibited_product": "Prohibited product", "counterfeit": "Counterfeit",
    "late_dispatch": "High late dispatch rate", "knock_off": "Knock-off",
    "wrong_category": "Wrong category", "pending": "Pending",
    "enforced": "Enforcement action taken",
}  # fmt: skip
RULES_ZH = {
    "prohibited_product": "禁售商品", "counterfeit": "假冒商品", "late_dispatch": "延迟发货率过高",
    "knock_off": "仿冒商品", "wrong_category": "错放类目", "pending": "待生效",
    "enforced": "已生效",
}  # fmt: skip
RULES_VI = {
    "prohibited_product": "Sản phẩm bị cấm", "counterfeit": "Hàng giả",
    "late_dispatch": "Tỷ lệ gửi hàng trễ cao", "knock_off": "Hàng nhái",
    "wrong_category": "Sai danh mục", "pending": "Đang chờ", "enforced": "Đã có hiệu lực",
}  # fmt: skip
RULES_ID = {
    "prohibited_product": "Produk terlarang", "counterfeit": "Produk palsu",
    "late_dispatch": "Keterlambatan pengiriman", "knock_off": "Produk tiruan",
    "wrong_category": "Kategori salah", "pending": "Menunggu", "enforced": "Telah diberlakukan",
}  # fmt: skip
MEASURES_ZH = {
    "late_dispatch_rate": "延迟发货率", "response_rate": "回复率", "balance": "余额",
    "unread_messages": "未读消息", "days_inactive": "未活跃天数",
}  # fmt: skip
MEASURES_EN = {
    "late_dispatch_rate": "Late dispatch rate", "response_rate": "24h response rate",
    "balance": "Balance", "unread_messages": "Unread messages", "days_inactive": "Days inactive",
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    times: Times = ISO
    money: str = "plain"
    words: dict[str, str] = field(default_factory=lambda: STATES_EN)
    identifiers: str = "text"  # or "tab" (a tab behind) or "quote" (an apostrophe before)
    numbers: str = "text"  # or "number"
    minus: bool = False  # points as a negative number

    def cell(self, fact: Fact, key: str) -> Cell:
        if not key or key.startswith("="):
            return key[1:] or None
        value = fact[key]
        if isinstance(value, datetime):
            return self.times.write(value)
        if isinstance(value, Decimal):
            return MONEY[self.money](value, fact.get("currency", ""))
        if isinstance(value, int):
            shown = -value if self.minus and key == "points" else value
            return shown if self.numbers == "number" else str(shown)
        if key in IDS and value is not None:
            return {"tab": f"{value}\t", "quote": f"'{value}"}.get(self.identifiers, value)
        return self.words.get(value, value) if value is not None else None

    def meant(self, fact: Fact, key: str) -> Any:
        value = fact[key]
        if isinstance(value, datetime):
            return self.times.meant(value)
        if isinstance(value, Decimal):
            currency = fact.get("currency")
            return {"value": str(value), "currency": currency} if currency else str(value)
        if key in {"state", "rule", "measure"}:
            return {"means": value, "words": self.words.get(value, value)}
        return value


# How a file is laid out


@dataclass(frozen=True)
class Text:
    """A text file."""

    delimiter: str = ","
    alphabet: str = "utf-8"
    line_end: str = "\r\n"
    quote_all: bool = False

    def write(self, _sheet: str, rows: Sequence[Sequence[Cell]]) -> bytes:
        held = io.StringIO(newline="")
        writer = csv.writer(
            held,
            delimiter=self.delimiter,
            lineterminator=self.line_end,
            quoting=csv.QUOTE_ALL if self.quote_all else csv.QUOTE_MINIMAL,
        )
        writer.writerows([["" if cell is None else str(cell) for cell in row] for row in rows])
        return encoded(held.getvalue(), self.alphabet)


@dataclass(frozen=True)
class Book:
    """A workbook; ``before`` and ``after`` are its other sheets."""

    inline: bool = False
    dimension: str | None = None
    merged: tuple[str, ...] = ()
    before: tuple[Sheet, ...] = ()
    after: tuple[Sheet, ...] = ()

    def write(self, sheet: str, rows: Sequence[Sequence[Cell]]) -> bytes:
        sheets = [*self.before, Sheet(sheet, rows, self.merged), *self.after]
        return workbook(sheets, inline=self.inline, dimension=self.dimension)


@dataclass(frozen=True)
class File:
    name: str
    kind: str
    market: str
    told: list[Fact]
    columns: Columns
    look: Look = Look()
    layout: Text | Book = Text()
    sheet: str = "Sheet1"
    above: tuple[tuple[str, ...], ...] = ()  # rows before the headers
    described: bool = False  # a row of descriptions under the headers
    gap: bool = False  # an empty column before and after, and empty rows behind

    def content(self) -> bytes:
        return self.layout.write(self.sheet, self.rows())

    def rows(self) -> list[list[Cell]]:
        rows: list[list[Cell]] = [list(row) for row in self.above]
        rows.append([header for header, _ in self.columns])
        if self.described:
            rows.append([_description(header) for header, _ in self.columns])
        rows += [[self.look.cell(fact, key) for _, key in self.columns] for fact in self.told]
        if self.gap:
            rows = [[None, *row, None] for row in rows]
            width = len(rows[-1])
            rows += [[None] * width, [""] * width]
        return rows

    def expected(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "kind": self.kind,
            "market": self.market,
            "zone": facts.ZONES[self.market],
            "rows": len(self.told),
        }
        if self.kind.endswith("_orders"):
            said["orders"] = len({fact["order_id"] for fact in self.told})
        if isinstance(self.layout, Book):
            said["sheet"] = self.sheet
        said["header_row"] = len(self.above) + 1
        said["first"] = self._important(self.told[0])
        said["last"] = self._important(self.told[-1])
        said["canaries"] = sorted(
            {fact[key] for fact in self.told for _, key in self.columns if key in facts.PERSONAL}
            - {None}
        )
        return said

    def _important(self, fact: Fact) -> dict[str, Any]:
        shown = {key for _, key in self.columns}
        return {
            key: self.look.meant(fact, key) for key in IMPORTANT[self.kind].split() if key in shown
        }


def _description(header: str) -> str:
    if header.lower() == "order id":
        return "Platform unique order ID."
    return f"The {header.lower()}."


def _tiktok_orders() -> Iterator[File]:
    def file(name: str, market: str, count: int, headers: Columns, look: Look, **rest: Any) -> File:
        return File(
            f"tiktok-orders-{name}", "tiktok_orders", market, facts.orders(market, count),
            headers, look, **rest,
        )  # fmt: skip

    sea, us = columns.TIKTOK_ORDERS_SEA, columns.TIKTOK_ORDERS_US
    tabs = Look(DAY_FIRST, identifiers="tab")
    yield file(
        "vn-described.csv", "VN", 12, sea, tabs, described=True, layout=Text(alphabet="utf-8-sig")
    )
    yield file(
        "th-utf16-tabs.csv",
        "TH",
        9,
        sea,
        Look(DAY_FIRST),
        described=True,
        layout=Text("\t", "utf-16"),
    )
    yield file(
        "us-described.csv",
        "US",
        10,
        us,
        Look(AMERICAN, "plain"),
        described=True,
        layout=Text(quote_all=True),
    )
    yield file(
        "us-dollars.xlsx",
        "US",
        8,
        us,
        Look(AMERICAN, "dollar"),
        described=True,
        layout=Book(inline=True),
        sheet="OrderSKUList",
    )
    yield file("br-code-amounts.csv", "BR", 7, sea, Look(AMERICAN, "code"), described=True)
    yield file(
        "br-code-amounts.xlsx",
        "BR",
        7,
        sea,
        Look(AMERICAN, "code"),
        described=True,
        layout=Book(dimension="A1"),
        sheet="OrderSKUList",
    )
    yield file(
        "vn-broken-dimension.xlsx",
        "VN",
        15,
        sea,
        Look(DAY_FIRST),
        described=True,
        layout=Book(dimension="A1"),
        sheet="OrderSKUList",
    )
    yield file(
        "vn-no-dimension.xlsx",
        "VN",
        5,
        sea,
        Look(DAY_FIRST, "dong"),
        layout=Book(inline=True, dimension=""),
        sheet="OrderSKUList",
    )
    yield file(
        "vn-vietnamese.csv",
        "VN",
        6,
        columns.TIKTOK_ORDERS_VI,
        Look(DAY_FIRST, "dots", STATES_VI),
        layout=Text(";", "windows-1258"),
    )
    yield file(
        "id-indonesian.csv",
        "ID",
        6,
        columns.TIKTOK_ORDERS_ID,
        Look(DAY_FIRST, "dots", STATES_ID),
        layout=Text(";", "utf-8-sig"),
    )
    yield file(
        "sg-chinese.csv",
        "SG",
        8,
        columns.TIKTOK_ORDERS_ZH,
        Look(ISO, "plain", STATES_ZH),
        layout=Text(alphabet="gb18030"),
    )
    yield file(
        "sg-chinese.xlsx",
        "SG",
        8,
        columns.TIKTOK_ORDERS_ZH,
        Look(SERIAL, "number", STATES_ZH, numbers="number"),
        layout=Book(),
        sheet="订单",
    )


def _tiktok_money() -> Iterator[File]:
    def income(
        name: str, market: str, count: int, headers: Columns, look: Look, **rest: Any
    ) -> File:
        return File(
            f"tiktok-income-{name}", "tiktok_income", market, facts.settlements(market, count),
            headers, look, **rest,
        )  # fmt: skip

    def paid(name: str, market: str, headers: Columns, look: Look, **rest: Any) -> File:
        return File(
            f"tiktok-withdrawals-{name}", "tiktok_withdrawals", market,
            facts.withdrawals(market, 5), headers, look, **rest,
        )  # fmt: skip

    reports = Sheet(
        "Reports", [["Time period", "2026/06/01-2026/06/30"], ["Total settlement amount", "1"]]
    )
    days = Look(SLASHED_DAY)
    yield income(
        "spaces.xlsx",
        "VN",
        9,
        columns.TIKTOK_INCOME,
        days,
        layout=Book(before=(reports,)),
        sheet="Order details",
    )
    yield income(
        "drifted.xlsx",
        "TH",
        9,
        columns.TIKTOK_INCOME_DRIFTED,
        Look(SLASHED_DAY, "number"),
        layout=Book(dimension="A1", after=(reports,)),
        sheet="Order details",
    )
    yield income("semicolons.csv", "ID", 6, columns.TIKTOK_INCOME, days, layout=Text(";"))
    yield income("drifted.csv", "US", 6, columns.TIKTOK_INCOME_DRIFTED, days)
    yield income(
        "vietnamese.xlsx",
        "VN",
        5,
        columns.TIKTOK_INCOME_VI,
        Look(SLASHED_DAY, "dots"),
        layout=Book(inline=True),
        sheet="Chi tiết đơn hàng",
    )
    yield income(
        "chinese.csv", "MY", 5, columns.TIKTOK_INCOME_ZH, days, layout=Text("\t", "utf-16")
    )
    yield income(
        "serial-days.xlsx",
        "GB",
        5,
        columns.TIKTOK_INCOME,
        Look(Times(lambda at: at.replace(hour=0, minute=0), DAY), "number"),
        layout=Book(),
        sheet="Order details",
    )
    yield paid(
        "sg.xlsx",
        "SG",
        columns.TIKTOK_WITHDRAWALS,
        Look(ISO, "number"),
        layout=Book(before=(reports,)),
        sheet="Withdrawal records",
    )
    yield paid("my.csv", "MY", columns.TIKTOK_WITHDRAWALS_PLAIN, Look(DAY_FIRST, "commas"))
    yield paid(
        "sg-chinese.xlsx",
        "SG",
        columns.TIKTOK_WITHDRAWALS_ZH,
        Look(CHINESE, "brackets"),
        layout=Book(inline=True),
        sheet="提现记录",
    )


def _shopee_and_lazada() -> Iterator[File]:
    def shopee(name: str, market: str, headers: Columns, look: Look, **rest: Any) -> File:
        return File(
            f"shopee-orders-{name}", "shopee_orders", market,
            facts.orders(market, 8, shopee=True), headers, look, **rest,
        )  # fmt: skip

    def lazada(name: str, market: str, look: Look, **rest: Any) -> File:
        return File(
            f"lazada-orders-{name}", "lazada_orders", market, facts.orders(market, 7),
            columns.LAZADA_ORDERS, look, **rest,
        )  # fmt: skip

    english = Look(ISO_MINUTE, "plain")
    indonesian = Look(ISO_MINUTE, "dots", STATES_ID)
    yield shopee(
        "english.xlsx", "SG", columns.SHOPEE_ORDERS, english, layout=Book(), sheet="orders"
    )
    yield shopee("english.csv", "MY", columns.SHOPEE_ORDERS, english)
    yield shopee(
        "english-numbers.xlsx",
        "PH",
        columns.SHOPEE_ORDERS,
        Look(ISO_MINUTE, "number", numbers="number"),
        layout=Book(inline=True),
        sheet="orders",
    )
    yield shopee(
        "indonesian.xlsx", "ID", columns.SHOPEE_ORDERS_ID, indonesian, layout=Book(), sheet="orders"
    )
    yield shopee(
        "indonesian-titled.xlsx",
        "ID",
        columns.SHOPEE_ORDERS_ID,
        indonesian,
        layout=Book(merged=("A1:D1",)),
        sheet="orders",
        above=(("Laporan Pesanan 01/07/2026 - 31/07/2026",), ()),
    )
    yield shopee(
        "indonesian.csv", "ID", columns.SHOPEE_ORDERS_ID, indonesian, layout=Text(";", "utf-8-sig")
    )
    lower = Look(LAZADA, "plain", STATES_LAZADA)
    yield lazada("sg.xlsx", "SG", lower, layout=Book(), sheet="Sheet0")
    yield lazada("vn.csv", "VN", lower, layout=Text(alphabet="utf-8-sig"))
    yield lazada(
        "th-numbers.xlsx",
        "TH",
        Look(LAZADA, "number", STATES_LAZADA),
        layout=Book(dimension="A1", inline=True),
        sheet="Sheet0",
    )


def _lists() -> Iterator[File]:
    def violations(name: str, market: str, headers: Columns, look: Look, **rest: Any) -> File:
        return File(
            f"violations-{name}",
            "violations",
            market,
            facts.violations(market),
            headers,
            look,
            **rest,
        )

    english = Look(ISO_MINUTE, words=RULES_EN)
    yield violations("plain.csv", "US", columns.VIOLATIONS, english)
    yield violations(
        "own-words.csv",
        "GB",
        columns.VIOLATIONS_OTHER_WORDS,
        Look(ISO_OFFSET, words=RULES_EN, minus=True),
        layout=Text(line_end="\n"),
    )
    yield violations(
        "serials.xlsx",
        "SG",
        columns.VIOLATIONS,
        Look(SERIAL, words=RULES_EN, numbers="number"),
        layout=Book(),
        gap=True,
    )
    yield violations(
        "chinese.csv",
        "MY",
        columns.VIOLATIONS_ZH,
        Look(CHINESE, words=RULES_ZH),
        layout=Text(alphabet="gb18030"),
    )
    yield violations(
        "chinese-titled.xlsx",
        "US",
        columns.VIOLATIONS_ZH,
        Look(ISO_MINUTE, words=RULES_ZH),
        layout=Book(merged=("A1:I1", "A2:I2")),
        sheet="违规记录",
        above=(("2026年7月违规记录汇总",), ("导出人：运营一组",)),
    )
    yield violations(
        "vietnamese.csv",
        "VN",
        columns.VIOLATIONS_VI,
        Look(_form("%d/%m/%Y %H:%M", MINUTE), words=RULES_VI),
        layout=Text("\t", "windows-1258"),
    )
    yield violations(
        "indonesian.csv",
        "ID",
        columns.VIOLATIONS_ID,
        Look(INDONESIAN, words=RULES_ID),
        layout=Text(";"),
    )
    yield violations(
        "buddhist.csv",
        "TH",
        columns.VIOLATIONS,
        Look(BUDDHIST, words=RULES_EN),
        layout=Text(alphabet="tis-620"),
    )
    yield violations(
        "quoted-ids.xlsx",
        "US",
        columns.VIOLATIONS,
        Look(ISO_MINUTE, words=RULES_EN, identifiers="quote"),
        layout=Book(inline=True, after=(Sheet("Notes", [["Ask Jo about row 3"]]),)),
        sheet="Violations",
    )
    yield File(
        "ratings-plain.csv", "ratings", "US", facts.ratings("US"), columns.RATINGS, Look(ISO_MINUTE)
    )
    yield File(
        "ratings-days.xlsx",
        "ratings",
        "VN",
        facts.ratings("VN"),
        columns.RATINGS,
        Look(Times(lambda at: at.replace(hour=0, minute=0), DAY), numbers="number"),
        Book(),
    )
    yield File(
        "ratings-chinese.csv",
        "ratings",
        "US",
        facts.ratings("US"),
        columns.RATINGS_ZH,
        Look(SLASHED_DAY),
        Text("\t", "utf-16"),
    )
    yield File(
        "ratings-indonesian.csv",
        "ratings",
        "ID",
        facts.ratings("ID"),
        columns.RATINGS_ID,
        Look(DAY_DASHED),
        Text(";"),
    )
    yield File(
        "readings-plain.csv",
        "readings",
        "SG",
        facts.readings("SG"),
        columns.READINGS,
        Look(ISO_MINUTE, words=MEASURES_EN),
    )
    yield File(
        "readings-commas.csv",
        "readings",
        "GB",
        facts.readings("GB"),
        columns.READINGS,
        Look(ISO_MINUTE, "comma", MEASURES_EN),
        Text(";"),
    )
    yield File(
        "readings-chinese.xlsx",
        "readings",
        "MY",
        facts.readings("MY"),
        columns.READINGS_ZH,
        Look(SERIAL, "number", MEASURES_ZH),
        Book(),
        sheet="指标",
    )
    yield File("stores-plain.csv", "stores", "SG", facts.stores(), columns.STORES)
    yield File(
        "stores-chinese.xlsx",
        "stores",
        "SG",
        facts.stores(),
        columns.STORES_ZH,
        layout=Book(inline=True),
        sheet="店铺",
        gap=True,
    )
    yield File(
        "stores-vietnamese.csv",
        "stores",
        "VN",
        facts.stores(),
        columns.STORES_VI,
        layout=Text(";", "utf-8-sig"),
    )
    yield File(
        "stores-like-formulas.csv", "stores", "SG", facts.stores_like_formulas(), columns.STORES
    )
    yield File(
        "stores-two-sheets.xlsx",
        "stores",
        "SG",
        facts.stores(),
        columns.STORES,
        layout=Book(before=(Sheet("Read me", [["Fill in the second sheet"]]),)),
        sheet="Stores",
    )
    yield File(
        "sub-accounts-plain.csv",
        "sub_accounts",
        "SG",
        facts.sub_accounts(),
        columns.SUB_ACCOUNTS,
        Look(ISO_MINUTE),
    )
    yield File(
        "sub-accounts-chinese.xlsx",
        "sub_accounts",
        "SG",
        facts.sub_accounts(),
        columns.SUB_ACCOUNTS_ZH,
        Look(SERIAL),
        Book(),
        sheet="子账号",
    )


def files() -> list[File]:
    return [*_tiktok_orders(), *_tiktok_money(), *_shopee_and_lazada(), *_lists()]


def expected() -> dict[str, Any]:
    return {file.name: file.expected() for file in files()}


def write() -> None:
    FILES.mkdir(exist_ok=True)
    for file in files():
        (FILES / file.name).write_bytes(file.content())
    EXPECTED.write_text(yaml.safe_dump(expected(), allow_unicode=True, sort_keys=False, width=100))


if __name__ == "__main__":
    write()
