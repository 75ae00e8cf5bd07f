"""How files are read: which column is what, and what a cell says that could say two things."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from stores.models import BalanceEntry, Import, Order, Store
from stores.services import imports
from stores.services.imports import headers
from stores.services.imports.base import unpacked
from tenants.models import Agency
from tests import factories
from tests.stores.test_tables import vietnamese

AT = datetime(2026, 9, 1, 9, tzinfo=UTC)
Bring = Callable[..., Import]
ORDERS = "Order ID,Order Status,Created Time,Shipped Time,Order Amount"
LAZADA = "orderItemId,orderNumber,status,createTime,updateTime,paidPrice,customerName"


@pytest.fixture
def bring(agency: Agency) -> Bring:
    """Bring a file in, for a new store of a market where one is named."""

    def brought(text: str | bytes, *, market: str = "", name: str = "x.csv", **told: Any) -> Import:
        store = None
        if market:
            marketplace = told.pop("marketplace", "tiktok_shop")
            store = factories.make_store(name="Pine Hill", market=market, marketplace=marketplace)
        data = text if isinstance(text, bytes) else text.encode()
        return imports.bring(
            file=io.BytesIO(data),
            file_name=name,
            stores=Store.objects.all(),
            by=factories.make_membership("owner"),
            at=AT,
            store=store,
            **told,
        )

    return brought


def values(kept: Import) -> list[dict[str, Any]]:
    return [unpacked(row.values or {}) for row in kept.staged.order_by("line")]


def troubles(kept: Import) -> list[list[str]]:
    return [each for row in kept.staged.order_by("line") for each in row.troubles]


def workbook(rows: str) -> bytes:
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    parts = {
        "xl/workbook.xml": '<workbook><sheets><sheet name="S" id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships><Relationship Id="r1" Type="{relation}"'
            ' Target="worksheets/sheet1.xml"/></Relationships>'
        ),
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{rows}</sheetData></worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return out.getvalue()


# -- amounts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "cell", "amount", "currency"),
    [
        ("VN", "458.000", "458000", None),
        ("ID", '"458,000"', "458000", None),
        ("US", "VND 458.000", "458000", "VND"),
        ("US", '"12,345"', "12345", None),
        ("BR", '"R$ 1.234,50"', "1234.50", "BRL"),
        ("BR", "12.345", "12345", None),
    ],
)
def test_amount_is_read_by_its_currency_and_where_the_store_is(
    bring: Bring, market: str, cell: str, amount: str, currency: str | None
) -> None:
    kept = bring(f"{ORDERS}\n9001,Shipped,2026-08-01 10:00,,{cell}\n", market=market)

    (row,) = values(kept)
    assert (row["amount"], row.get("currency")) == (Decimal(amount), currency)


def test_number_of_a_workbook_keeps_its_point_beside_amounts_that_are_text(bring: Bring) -> None:
    heads = "".join(f'<c t="inlineStr"><is><t>{each}</t></is></c>' for each in ORDERS.split(","))
    line = (
        '<row><c><v>{}</v></c><c t="inlineStr"><is><t>Shipped</t></is></c>'
        '<c t="inlineStr"><is><t>2026-08-01 10:00</t></is></c><c/>{}</row>'
    )
    text = line.format(9001, '<c t="inlineStr"><is><t>S$ 12,345</t></is></c>')
    number = line.format(9002, "<c><v>12.345</v></c>")

    kept = bring(workbook(f"<row>{heads}</row>{text}{number}"), market="SG", name="x.xlsx")

    assert troubles(kept) == []
    assert [row["amount"] for row in values(kept)] == [Decimal(12345), Decimal("12.345")]


def test_columns_of_a_file_share_their_decimal_sign(bring: Bring) -> None:
    kept = bring(
        "Order/adjustment ID,Type,Currency,Total settlement amount,Platform penalty\n"
        '1,Order,USD,12.345,0\n2,Order,USD,8,"-7,50"\n',
        market="US",
    )

    assert [row["amount"] for row in values(kept)] == [Decimal(12345), Decimal(8)]


def test_amount_that_nothing_decides_is_asked_about_and_the_answer_is_remembered(
    bring: Bring,
) -> None:
    # given
    text = f"{ORDERS}\n9001,Shipped,2026-08-01 10:00,,12.345\n"
    kept = bring(text, market="US")
    asked = troubles(kept)

    # when
    imports.remap(
        kept=kept,
        columns=kept.mapping["columns"],
        dates="",
        decimals="comma",
        stores=Store.objects.all(),
        by=kept.made_by,
        at=AT,
    )

    # then
    why = "could be two amounts: it is not certain where its decimals begin."
    assert asked == [["Order Amount", "12.345", why]]
    assert values(kept)[0]["amount"] == 12345
    again = imports.bring(
        file=io.BytesIO(text.encode()),
        file_name="again.csv",
        stores=Store.objects.all(),
        by=kept.made_by,
        at=AT,
        store=kept.store,
    )
    assert values(again)[0]["amount"] == 12345


def test_lazada_order_amounts_to_what_was_paid_for_all_its_items(bring: Bring) -> None:
    # given two orders of three items, one of which the file repeats
    line = "{},77001,delivered,11 Jul 2026 09:14,12 Jul 2026 09:17,{},Somchai"
    rows = [line.format(1, 10), line.format(2, "20.5"), line.format(2, "20.5")]
    rows.append("3,77002,pending,11 Jul 2026 09:14,12 Jul 2026 09:17,7,Somchai")
    text = "\n".join([LAZADA, *rows])
    kept = bring(text, market="TH", marketplace="lazada")

    # when
    imports.confirm(kept=kept, stores=Store.objects.all(), by=kept.made_by, at=AT)

    # then
    assert dict(Order.objects.values_list("external_id", "amount")) == {
        "77001": Decimal("30.50"),
        "77002": Decimal("7.00"),
    }


# -- days -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "placed", "shipped", "read"),
    [
        ("GB", "03/08/2026 10:00", "13/08/2026 10:00", "2026-08-03"),  # the other column proves it
        ("GB", "08/03/2026 10:00", "08/13/2026 10:00", "2026-08-03"),
        ("VN", "03/08/2026 10:00", "", "2026-08-03"),  # as exports of South-East Asia are
        ("US", "8/3/2026 9:14:27 AM", "", "2026-08-03"),
        ("US", "8/3/2026 9:14:27 AM", "13/08/2026 10:00", "2026-03-08"),
    ],
)
def test_days_are_read_as_the_file_or_its_marketplace_writes_them(
    bring: Bring, market: str, placed: str, shipped: str, read: str
) -> None:
    kept = bring(f"{ORDERS}\n9001,Shipped,{placed},{shipped},5\n", market=market)

    assert [row["placed_at"].date().isoformat() for row in values(kept)] == [read]


@pytest.mark.parametrize(
    ("market", "placed", "shipped"),
    [
        ("GB", "03/08/2026 10:00", ""),
        ("VN", "03/08/2026 9:14 AM", ""),  # its own form speaks against where the store is
        ("BR", "03/08/2026 10:00", ""),
        ("VN", "03/08/2026 10:00\n9002,Shipped,13/08/2026 9:00", "08/14/2026 9:00"),
    ],
)
def test_day_that_nothing_decides_is_asked_about(
    bring: Bring, market: str, placed: str, shipped: str
) -> None:
    kept = bring(f"{ORDERS}\n9001,Shipped,{placed},{shipped},5\n", market=market)

    asked = {(name, why) for name, _cell, why in troubles(kept)}
    why = "could be two days: it is not certain which number is the month."
    expected = set() if "9002" in placed else {("Created Time", why)}
    assert asked == expected


def test_header_tells_zone_currency_and_order_of_days(bring: Bring) -> None:
    kept = bring(
        "Reference ID,Type,Request time (UTC+9),Success time (DD/MM/YYYY),Amount (JPY),Status\n"
        "31,Withdrawal,2026-08-01 09:00,03/08/2026,-12.000,Transferred\n",
        market="GB",
    )

    (row,) = values(kept)
    assert row["made_at"] == datetime(2026, 8, 1, tzinfo=UTC)
    assert row["paid_at"] == datetime(2026, 8, 2, 23, tzinfo=UTC)
    assert (row["amount"], row["currency"]) == (Decimal(-12000), "JPY")


# -- headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("ORDER  id", "external_id"),
        ("Order-ID:", "external_id"),
        ("Ｏｒｄｅｒ　ＩＤ", "external_id"),  # noqa: RUF001 - full width
        ("Ma don hang", "external_id"),
        ("Order Amount (THB)", "amount"),
        ("Order Amount in VND", "amount"),
        ("订单金额（元）", "amount"),
        ("Created Time（UTC+08:00）", "placed_at"),
        ("Amount of buyers", ""),
    ],
)
def test_header_is_known_whatever_its_form(header: str, field: str) -> None:
    columns, doubtful = headers.map_columns(
        [header], "tiktok_orders", ["external_id", "amount", "placed_at"]
    )

    assert (list(columns), doubtful) == ([field] if field else [], [])


def test_of_two_columns_that_may_hold_a_field_the_plainer_one_does() -> None:
    columns, doubtful = headers.map_columns(
        ["Account", "Name", "Reason", "Violation type"], "sub_accounts", ["name"]
    )
    rule, _doubtful = headers.map_columns(["Reason", "Violation type"], "violations", ["rule"])

    assert (columns, doubtful, rule) == ({"name": 1}, [], {"rule": 1})


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Toko,ID Kasus,Aturan yang dilanggar,Poin penalti,Status,Dilaporkan pada", "violations"),
        ("ร้านค้า,รหัสบันทึก,กฎ,คะแนนที่หัก,สถานะ,วันที่แจ้งเตือน", "violations"),
        ("Gian hàng,Điểm sức khỏe tài khoản,Tính đến", "ratings"),
        ("Toko,Peringkat kesehatan akun,Dicatat pada", "ratings"),
        ("店铺,子账号,角色,末次登录", "sub_accounts"),
        ("类型,参考编号,申请时间,提现金额,状态,到账日期", "tiktok_withdrawals"),
        ("Jenis,No. Referensi,Waktu pengajuan,Nominal,Status,Waktu selesai", "tiktok_withdrawals"),
        ("Type,Reference,Requested at (UTC+7),Amount (THB),State,Paid at", "tiktok_withdrawals"),
        ("店铺,指标,数值,统计日期", "readings"),
    ],
)
def test_kind_is_told_by_headers_of_many_words(line: str, kind: str) -> None:
    found = imports.registry.guess(line.split(","), list(imports.KINDS.values()))

    assert found is not None
    assert found.code == kind


def test_account_column_of_addresses_is_read_as_e_mail(bring: Bring) -> None:
    factories.make_store(name="Pine Hill")
    kept = bring("店铺,账号,姓名,角色\nPine Hill,an.le@agency.example,安,财务\n")

    (row,) = values(kept)
    assert (kept.kind, row["email"], row["name"]) == ("sub_accounts", "an.le@agency.example", "安")


# -- encodings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "encoding", "name"),
    [
        (vietnamese("Tên shop,Sàn,Quốc gia\nGốm Lụa,Shopee,VN\n"), "cp1258", "Gốm Lụa"),
        ("ชื่อร้าน,แพลตฟอร์ม,ประเทศ\nผ้าไหมบ้านครัว,Shopee,TH\n".encode("cp874"), "cp874", "ผ้าไหมบ้านครัว"),
        ("店名,平台,国家\n南山陶瓷,Shopee,SG\n".encode("gbk"), "gb18030", "南山陶瓷"),
        ("店鋪名稱,平臺,國家\n南山陶瓷,Shopee,TW\n".encode("big5"), "big5", "南山陶瓷"),
        ("Name,Marketplace,Market\nKöln Tee,Shopee,SG\n".encode("cp1252"), "cp1252", "Köln Tee"),
    ],
)  # fmt: skip
def test_older_encoding_is_chosen_by_letters_and_known_headers(
    bring: Bring, data: bytes, encoding: str, name: str
) -> None:
    kept = bring(data)

    assert (kept.kind, kept.encoding, values(kept)[0]["name"]) == ("stores", encoding, name)


# -- people -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Handled by", "Contact", "负责人", "经办人", "備註", "Người phụ trách", "Ghi chú của shop",
        "ผู้รับผิดชอบ", "หมายเหตุ", "Penanggung jawab", "Catatan", "No. Telepon", "Endereço",
    ],
)  # fmt: skip
def test_column_about_people_is_left_in_the_file(bring: Bring, header: str) -> None:
    factories.make_store(name="Pine Hill")
    kept = bring(f"Store,Violation ID,Date,{header}\nPine Hill,V-7,2026-08-01,Marisol Quiroga\n")

    (row,) = kept.staged.all()
    assert kept.headers == ["Store", "Violation ID", "Date"]
    assert imports.cells_of(row) == ["Pine Hill", "V-7", "2026-08-01"]


def test_withdrawal_keeps_no_bank_account(bring: Bring) -> None:
    kept = bring(
        "Type,Reference ID,Request time,Amount,Status,Success time,Bank account\n"
        "Withdrawal,31,2026-08-01 09:00,-5,Transferred,2026-08-02 09:00,Pine Bank ****7704\n",
        market="MY",
    )

    (row,) = kept.staged.all()
    assert "Pine Bank" not in str([kept.headers, imports.cells_of(row), row.values])
    assert BalanceEntry.objects.count() == 0
