"""Each kind of file: guessed from its headers, written into its own tables, and taken back."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from scoring.models import LedgerEntry, PlatformRating, StoreRating
from stores.models import (
    BalanceEntry,
    Client,
    Connection,
    Import,
    ImportMapping,
    ImportMark,
    ImportRow,
    Order,
    Reading,
    Store,
    StoreAccess,
    StoreGroup,
    SubAccount,
    Violation,
)
from stores.services import imports
from stores.services.imports import ImportRefused, KindUnclear, UndoRefused
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories
from tests.stores.files.workbooks import DATE, Raw, number, parts_of, sheet_xml, workbook, zipped

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
Bring = Callable[..., Import]


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Harbour Home", market="VN", external_id="7495000000000000201")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


@pytest.fixture
def bring(lead: Membership) -> Bring:
    def bring(data: bytes | str, store: Store | None = None, **values: Any) -> Import:
        raw = data.encode() if isinstance(data, str) else data
        told: dict[str, Any] = {
            "file_name": "export",
            "at": AT,
            "by": lead,
            "stores": Store.objects.all(),
        }
        return imports.bring(file=io.BytesIO(raw), store=store, **(told | values))

    return bring


def confirm(kept: Import, by: Membership, at: datetime = AT) -> None:
    imports.confirm(kept=kept, stores=Store.objects.all(), by=by, at=at)


def undo(kept: Import, by: Membership, at: datetime = AT + timedelta(hours=1)) -> None:
    imports.undo(kept=kept, stores=Store.objects.all(), by=by, at=at)


def errors(kept: Import) -> list[str]:
    rows = kept.staged.filter(what="wrong").order_by("line")
    return [str(each) for row in rows for each in imports.troubles_of(row, kept)]


# -- orders -----------------------------------------------------------------------------------

TIKTOK = [
    *("Order ID", "Order Status", "Order Substatus", "Cancelation/Return Type", "Seller SKU"),
    *("Order Amount", "Created Time", "Paid Time", "RTS Time", "Shipped Time", "Delivered Time"),
    *("Cancelled Time", "Cancel By", "Buyer Username", "Recipient", "Phone #", "Detail Address"),
]
EXPLAINED = ["Platform unique order ID.", "Current order status.", *(["Some words here."] * 15)]


def tiktok_row(number: object, status: str, substatus: str, sku: str = "S-1") -> list[Any]:
    return [
        *(number, status, substatus, "", sku, "BRL 35,91"),
        *("13/07/2026 10:00:00", "13/07/2026 10:01:00", "", "14/07/2026 09:00:00", "", "", ""),
        *("ann_lee", "Ann Lee", "(+84)90*****17", "12 Harbour Street"),
    ]


def test_orders_of_a_workbook_are_written_without_their_buyers(
    store: Store, lead: Membership, bring: Bring
) -> None:
    # given an order of two SKUs, a title, an explaining row, and a sheet that is something else
    rows = [
        ["Orders of July"], TIKTOK, EXPLAINED,
        tiktok_row("577012345678901234", "Shipped", "In transit"),
        tiktok_row("577012345678901234", "Shipped", "In transit", "S-2"),
        tiktok_row(577012345678901235, "Completed", "Completed"),
    ]  # fmt: skip
    sheets = {"Read me": sheet_xml([["How to read this"]]), "OrderSKUList": sheet_xml(rows)}
    data = zipped(parts_of(sheets))

    # when
    kept = bring(data, store)
    staged = " ".join(" ".join(imports.cells_of(row)) for row in ImportRow.objects.all())
    confirm(kept, lead)

    # then
    assert (kept.kind, kept.sheet, kept.rows, errors(kept)) == (
        "tiktok_orders", "OrderSKUList", 3, [],
    )  # fmt: skip
    assert "577012345678901234" in staged
    assert not [word for word in ("Ann", "ann_lee", "Harbour", "(+84)") if word in staged]
    assert kept.headers == [
        *("Order ID", "Order Status", "Order Substatus", "Order Amount", "Created Time"),
        *("Paid Time", "RTS Time", "Shipped Time", "Delivered Time", "Cancelled Time", "Cancel By"),
    ]
    first, second = Order.objects.order_by("external_id")
    assert (first.external_id, first.status, first.amount, first.currency, first.source) == (
        "577012345678901234", "IN_TRANSIT", Decimal("35.91"), "BRL", "file",
    )  # fmt: skip
    assert first.placed_at == datetime(2026, 7, 13, 3, tzinfo=UTC)
    assert first.changed_at == datetime(2026, 7, 14, 2, tzinfo=UTC)
    assert (second.external_id, second.status) == ("577012345678901235", "COMPLETED")
    assert second.completed_at == second.changed_at
    assert kept.result | {"zones": 0} == {
        "new": 2, "update": 0, "same": 0, "repeated": 1, "wrong": 0, "zones": 0,
        "left_out": 0,
    }  # fmt: skip
    assert not ImportRow.objects.exists()


def test_what_the_marketplace_told_stands_unless_the_file_tells_of_a_later_change(
    store: Store, lead: Membership, bring: Bring
) -> None:
    # given one that the marketplace told later than the file, and one that it told earlier
    told: dict[str, Any] = {"store": store, "placed_at": datetime(2026, 7, 13, 3, tzinfo=UTC)}
    newer = factories.make_order(
        **told, external_id="1", status="DELIVERED", changed_at=datetime(2026, 7, 20, tzinfo=UTC)
    )
    older = factories.make_order(
        **told,
        external_id="2",
        status="AWAITING_SHIPMENT",
        changed_at=datetime(2026, 7, 13, 4, tzinfo=UTC),
        rts_due_at=datetime(2026, 7, 15, tzinfo=UTC),
    )

    # when
    rows = [TIKTOK, *(tiktok_row(each, "Shipped", "In transit") for each in ("1", "2"))]
    kept = bring(workbook(rows), store)
    confirm(kept, lead)

    # then
    newer.refresh_from_db()
    older.refresh_from_db()
    assert (newer.status, newer.source) == ("DELIVERED", "api")
    assert (older.status, older.source) == ("IN_TRANSIT", "file")
    assert older.rts_due_at == datetime(2026, 7, 15, tzinfo=UTC)
    assert (kept.result["update"], kept.result["same"]) == (1, 1)

    # and when it is taken back
    undo(kept, lead)
    older.refresh_from_db()
    assert (older.status, older.source) == ("AWAITING_SHIPMENT", "api")


def test_orders_are_not_taken_back_once_the_marketplace_told_of_them(
    store: Store, lead: Membership, bring: Bring
) -> None:
    kept = bring(workbook([TIKTOK, tiktok_row("577", "Shipped", "In transit")]), store)
    confirm(kept, lead)
    Order.objects.update(source="api")

    with pytest.raises(UndoRefused, match="577 was told by the marketplace since"):
        undo(kept, lead)

    assert Order.objects.count() == 1
    assert Import.objects.get().state == "done"


SHOPEE_ID = (
    "No. Pesanan,Status Pesanan,Waktu Pesanan Dibuat,Total Pembayaran,Username (Pembeli)\n"
    "2607140ABCDE,Sedang Dikirim,2026-07-14 10:00,Rp 125.000,budi\n"
)
SHOPEE_TH = "หมายเลขคำสั่งซื้อ;สถานะการสั่งซื้อ;วันที่ทำการสั่งซื้อ\n2607140XYZ;สำเร็จแล้ว;14/07/2569 10:00\n"
LAZADA = (
    "orderItemId\torderNumber\tstatus\tcreateTime\tupdateTime\tcustomerName\n"
    "77\t88120042\tready_to_ship\t14 Jul 2026 10:00\t14 Jul 2026 12:00\tAnn\n"
)
TIKTOK_VI = (
    "ID đơn hàng,Trạng thái đơn hàng,Thời gian tạo,Giá trị đơn hàng\n"
    '577,Đã giao,14/07/2026,"125.000₫"\n'
)


@pytest.mark.parametrize(
    ("kind", "market", "text", "expected"),
    [
        ("shopee_orders", "ID", SHOPEE_ID, ("2607140ABCDE", "IN_TRANSIT", Decimal(125000), "IDR")),
        ("shopee_orders", "TH", SHOPEE_TH, ("2607140XYZ", "COMPLETED", None, "")),
        ("lazada_orders", "TH", LAZADA, ("88120042", "AWAITING_COLLECTION", None, "")),
        ("tiktok_orders", "VN", TIKTOK_VI, ("577", "DELIVERED", Decimal(125000), "VND")),
    ],
    ids=["shopee id", "shopee th", "lazada", "tiktok vi"],
)
def test_orders_are_read_in_the_languages_of_their_exports(
    lead: Membership, bring: Bring, kind: str, market: str, text: str, expected: tuple[Any, ...]
) -> None:
    shop = factories.make_store(market=market, marketplace=imports.KINDS[kind].marketplace)

    kept = bring(text, shop)
    assert (kept.kind, errors(kept)) == (kind, [])
    confirm(kept, lead)

    order = Order.objects.get()
    assert (order.external_id, order.status, order.amount, order.currency) == expected


def test_file_of_another_marketplace_is_refused_by_row(store: Store, bring: Bring) -> None:
    kept = bring(
        "orderNumber,status,createTime\n88,pending,2026-07-14\n", store, kind="lazada_orders"
    )

    assert errors(kept) == ["Line 2, Store “Harbour Home”: is not a store of this marketplace."]


ROUNDED = "was turned into a rounded number, so its last figures are lost: save it as text."


def test_rounded_ids_formulas_and_errors_are_refused_by_name(store: Store, bring: Bring) -> None:
    rows: list[list[Any]] = [
        ["Order ID", "Order Status", "Created Time", "Order Amount"],
        [Raw("<v>5.77012345678901E+17</v>"), "Shipped", "2026-07-14", "5"],
        [Raw("<f>A1</f>"), "Shipped", "2026-07-14", "5"],
        ["577", "Shipped", Raw("<v>#REF!</v>", t="e"), "1 or 2"],
        [578, "Shipped", number(46217.5, DATE), 35900],
    ]

    kept = bring(workbook(rows, name="July"), store, kind="tiktok_orders")

    assert errors(kept) == [
        f"Sheet July, line 2, Order ID “5.77012345678901E+17”: {ROUNDED}",
        "Sheet July, line 3, Order ID “=A1”: is a formula, and the file does not hold its result.",
        "Sheet July, line 4, Created Time “#REF!”: is an error of the spreadsheet.",
        "Sheet July, line 4, Order Amount “1 or 2”: is no amount of money.",
    ]
    assert kept.result["new"] == 1


# -- money ------------------------------------------------------------------------------------


def test_income_and_withdrawals_become_entries_of_the_balance(
    store: Store, lead: Membership, bring: Bring
) -> None:
    # given
    income: list[list[Any]] = [
        ["Order/adjustment ID  ", "Type", "Order created time", "Order settled time", "Currency",
         "Total settlement amount", "Platform penalty", "Total Fees"],
        ["577", "Order", "2026/07/14", "2026/07/21", "VND", "-12000.5", 0, "-3"],
        ["578", "Order", "2026/07/14", "2026/07/21", "VND", "-40000", -40000, "-3"],
    ]  # fmt: skip
    head = "Type,Reference ID,Request time,Amount,Status,Success time,Bank account"
    row = 'Withdrawal,R-1,2026-07-20 10:00,"-1,234.56",Transferred,2026-07-21 10:00,****1234'
    paid = f"{head}\n{row}\n"

    # when
    for data in (workbook(income, name="Order details"), paid.encode()):
        kept = bring(data, store)
        assert errors(kept) == []
        confirm(kept, lead)

    # then
    told = BalanceEntry.objects.order_by("kind", "external_id")
    assert list(told.values_list("kind", "external_id", "type", "status", "amount", "source")) == [
        ("settlement", "577", "Order", "PAID", Decimal("-12000.5"), "file"),
        ("settlement", "578", "PLATFORM_PENALTY", "PAID", Decimal(-40000), "file"),
        ("withdrawal", "R-1", "WITHDRAW", "SUCCESS", Decimal("-1234.56"), "file"),
    ]


def test_withdrawal_that_the_marketplace_told_is_left_as_it_is(
    store: Store, lead: Membership, bring: Bring
) -> None:
    factories.make_balance_entry(store=store, kind="withdrawal", external_id="R-1", status="FAILED")

    kept = bring(
        "Type,Reference ID,Request time,Amount,Status\nWithdrawal,R-1,2026-07-20,5,Success\n", store
    )
    confirm(kept, lead)

    assert kept.result["same"] == 1
    assert BalanceEntry.objects.get().status == "FAILED"


# -- ratings, readings, stores, seats ---------------------------------------------------------


def test_first_ratings_make_openings_stand_and_are_withdrawn_again(
    store: Store, lead: Membership, bring: Bring
) -> None:
    kept = bring("Store,AHR,Date\nHarbour Home,150,2026-11-19\n")
    assert (kept.kind, errors(kept)) == ("ratings", [])
    confirm(kept, lead)

    rating = PlatformRating.objects.get()
    assert (rating.value, rating.measure, rating.source) == (150, "rating", "file")
    assert StoreRating.objects.get(store=store).rating == 150
    again = bring("Store,AHR,Date\nHarbour Home,150,2026-11-19\n")
    assert again.result["same"] == 1

    undo(kept, lead)
    rating.refresh_from_db()
    assert rating.withdrawn_at is not None
    assert StoreRating.objects.get(store=store).standing == "unknown"


def test_readings_are_recorded_with_their_source(
    store: Store, lead: Membership, bring: Bring
) -> None:
    text = (
        "Store,Metric,Value,Measured at\n"
        "Harbour Home,Response rate,97.5%,2026-11-19 10:00\n"
        "Harbour Home,two_step,yes,2026-11-19\n"
    )
    kept = bring(text)
    assert (kept.kind, errors(kept)) == ("readings", [])
    confirm(kept, lead)

    told = Reading.objects.order_by("metric").values_list("metric", "value", "source")
    assert list(told) == [
        ("response_rate", Decimal("97.5"), "file"), ("two_step", Decimal(1), "file"),
    ]  # fmt: skip
    undo(kept, lead)
    assert not Reading.objects.exists()


def test_readings_that_cannot_be_are_refused_by_name(store: Store, bring: Bring) -> None:
    text = (
        "Store,Metric,Value,Date\n"
        "Harbour Home,Luck,1,2026-11-19\n"
        "Harbour Home,response_rate,101,2026-11-19\n"
        "Harbour Home,balance,5,2027-01-01\n"
    )

    assert errors(bring(text)) == [
        "Line 2, Metric “Luck”: is no reading that we keep.",
        "Line 3, Value “101”: “Response rate, 24 h” cannot be 101.",
        "Line 4, Value “5”: A reading cannot be measured in the future.",
    ]


def test_stores_are_added_with_clients_and_groups_by_name_and_archived_again(
    agency: Agency, lead: Membership, bring: Bring
) -> None:
    # given
    Client.objects.create(name="Acme")
    text = (
        "店铺名称,平台,国家,卖家类型,店铺ID,客户,分组\n"
        "Harbour Home,TikTok,越南,跨境,7495000000000000201,acme,A/B\n"
        "Nam Shop,Shopee,TH,,,New Client,A\n"
    )

    # when
    kept = bring(text)
    assert (kept.kind, errors(kept)) == ("stores", [])
    confirm(kept, lead)

    # then
    first, second = Store.objects.order_by("name")
    assert (first.marketplace, first.market, first.seller_type, first.time_zone) == (
        "tiktok_shop", "VN", "cross_border", "Asia/Ho_Chi_Minh",
    )  # fmt: skip
    assert [each.client.name for each in (first, second) if each.client] == ["Acme", "New Client"]
    assert sorted(StoreGroup.objects.values_list("name", flat=True)) == ["A", "B"]
    assert (second.marketplace, second.seller_type) == ("shopee", "local")

    # and when one of them is used, it is named; and when none is, all go
    order = factories.make_order(store=first)
    with pytest.raises(UndoRefused, match="Harbour Home has an order"):
        undo(kept, lead)
    order.delete()
    undo(kept, lead)
    assert set(Store.objects.values_list("state", flat=True)) == {"archived"}


def test_undo_of_stores_is_stopped_by_a_connection_that_lived_alone(
    agency: Agency, lead: Membership, bring: Bring
) -> None:
    # given two new stores, whose connections were refused and never finished
    kept = bring("name,market\nRefused Shop,VN\nBegun Shop,VN\n", kind="stores")
    confirm(kept, lead)
    refused, begun = Store.objects.order_by("-name")
    never: dict[str, Any] = {"connected_at": None, "shop_id": ""}
    factories.make_connection(store=begun, state=Connection.State.CONNECTING, **never)
    row = factories.make_connection(store=refused, state=Connection.State.REFUSED, connected_at=AT)

    # when it had lived, then it is in the way
    with pytest.raises(UndoRefused, match=r"back: Refused Shop has a connection\.$"):
        undo(kept, lead)

    # and when it never had
    Connection.objects.filter(pk=row.pk).update(**never)
    undo(kept, lead)
    assert set(Store.objects.values_list("state", flat=True)) == {"archived"}


def test_undo_of_stores_takes_the_clients_and_groups_that_it_made_and_nobody_uses(
    agency: Agency, lead: Membership, bring: Bring
) -> None:
    # given
    Client.objects.create(name="Known")
    known = factories.make_store(name="Known Shop", market="VN")
    text = (
        "name,market,client,groups\nA,VN,Known,Mine/Shared\nB,VN,Mine,Mine/Due\n"
        "C,VN,Given,\nKnown Shop,VN,Passing,Mine\nD,VN,Shared,\n"
    )
    kept = bring(text, kind="stores")
    confirm(kept, lead)
    assert Client.objects.count() == 5
    clients = {each.name: each for each in Client.objects.all()}
    groups = {each.name: each for each in StoreGroup.objects.all()}

    # when others use some of them since
    factories.make_store(name="Later", client=clients["Given"])
    member = factories.make_membership("specialist", all_stores=False)
    StoreAccess.objects.create(member=member, client=clients["Shared"])
    StoreAccess.objects.create(member=member, group=groups["Shared"])
    factories.make_schedule(factories.make_item().procedure, reach="group", group=groups["Due"])
    undo(kept, lead)

    # then
    assert sorted(Client.objects.values_list("name", flat=True)) == ["Given", "Known", "Shared"]
    assert sorted(StoreGroup.objects.values_list("name", flat=True)) == ["Due", "Shared"]
    known.refresh_from_db()
    assert (known.client, known.state) == (None, "active")
    gone = AuditEvent.objects.filter(action__in=["client.deleted", "group.deleted"])
    assert set(gone.values_list("via", flat=True)) == {"file"}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Việt Nam", "VN"), ("VIỆT NAM", "VN"), ("Thái Lan", "TH"), ("Hoa Kỳ", "US"),
        ("ประเทศไทย", "TH"), ("เวียดนาม", "VN"), ("ฟิลิปปินส์", "PH"), ("Filipina", "PH"),
        ("Singapura", "SG"), ("Inggris", "GB"), ("Đức", "DE"), ("印度尼西亚", "ID"), ("uk", "GB"),
    ],
)  # fmt: skip
def test_markets_are_known_by_their_names_in_the_sellers_languages(
    agency: Agency, bring: Bring, word: str, code: str
) -> None:
    kept = bring(f"name,market\nA,{word}\n", kind="stores")
    assert errors(kept) == []
    assert (kept.staged.get().values or {})["market"] == code


def test_text_of_cells_merged_downwards_is_every_rows_and_a_number_is_not(
    agency: Agency, bring: Bring
) -> None:
    # given a client over three stores, a shop ID over two, and merged cells beside them
    rows: list[list[Any]] = [
        ["name", "client", "market", "shop id"], ["A", "Mine", "VN", 17], ["B", "", "VN", ""],
        ["C", "", "TH", ""], ["D", "", "TH", ""],
    ]  # fmt: skip
    refs = ["B2:B4", "D2:D3", "F2:G2", "F5:F9"]
    merged = "".join(f'<mergeCell ref="{ref}"/>' for ref in refs)
    sheet = sheet_xml(rows, after=f'<mergeCells count="4">{merged}</mergeCells>')

    # when
    kept = bring(zipped(parts_of({"Shops": sheet})), kind="stores")

    # then
    assert errors(kept) == []
    told = [row.values or {} for row in kept.staged.order_by("line")]
    assert [each.get("client", "") for each in told] == ["Mine", "Mine", "Mine", ""]
    assert [each.get("external_id", "") for each in told] == ["17", "", "", ""]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
@pytest.mark.parametrize("field", ["name", "client", "groups"])
def test_formula_is_no_name(agency: Agency, bring: Bring, field: str, sign: str) -> None:
    row = {"name": "A", "market": "VN", "client": "", "groups": ""} | {field: f"{sign}cmd(1)"}
    kept = bring(",".join(row) + "\n" + ",".join(row.values()) + "\n", kind="stores")

    told = f"Line 2, {field} “{sign}cmd(1)”: is a formula, and no name."
    assert errors(kept) == [told]


def test_store_rows_that_cannot_be_are_refused_by_name(agency: Agency, bring: Bring) -> None:
    factories.make_store(name="Known", market="VN", external_id="1")
    rows = [
        "Known,TikTok Shop,VN,2", "Other,TikTok Shop,VN,1", "A,Lazada,US,", "B,Amazon,US,",
        "C,TikTok Shop,Atlantis,", ",TikTok Shop,US,", "D,TikTok Shop,US,9", "E,TikTok Shop,US,9",
    ]  # fmt: skip
    kept = bring("\n".join(["name,marketplace,market,shop id", *rows]))

    assert errors(kept) == [
        "Line 2, name “Known”: is the name of a store that has another shop ID.",
        "Line 3, shop id “1”: is the shop ID of another store.",
        "Line 4, market “US”: Lazada has no stores in this market: United States.",
        "Line 5, marketplace “Amazon”: is none of: tiktok_shop, shopee, lazada.",
        (
            "Line 6, market “Atlantis”: is no market that we know: United States (US), "
            "United Kingdom (GB), Vietnam (VN), Thailand (TH), Philippines (PH), Singapore (SG), "
            "Malaysia (MY), Indonesia (ID), France (FR), Germany (DE), Spain (ES), Italy (IT), "
            "Ireland (IE), Mexico (MX), Brazil (BR), Taiwan (TW)."
        ),
        "Line 7, name “”: is missing.",
        "Line 9, shop id “9”: stands on line 8 as well, with other values.",
    ]


def test_seats_are_added_changed_and_put_back(store: Store, lead: Membership, bring: Bring) -> None:
    known = SubAccount.objects.create(store=store, name="Bo", two_step=False, seen_at=AT)
    text = (
        "Store,Account,E-mail,Role,2FA\n"
        "Harbour Home,Ann,ann@example.com,Manager,yes\n"
        "Harbour Home,Bo,,,是\n"
    )
    kept = bring(text)
    assert (kept.kind, errors(kept)) == ("sub_accounts", [])
    confirm(kept, lead)

    known.refresh_from_db()
    assert (known.two_step, SubAccount.objects.get(name="Ann").platform_role) == (True, "manager")
    undo(kept, lead)
    known.refresh_from_db()
    assert (known.two_step, SubAccount.objects.count()) == (False, 1)


# -- violations taken back --------------------------------------------------------------------

VIOLATIONS = (
    "Reference,Rule,Points,Reported\n"
    "A1,Counterfeit,-12,2026-11-02 10:00\n"
    "A2,Counterfeit,-6,2026-11-03 10:00\n"
)


def test_violations_are_taken_back_with_their_points(
    store: Store, lead: Membership, bring: Bring
) -> None:
    factories.make_violation(store=store, reference="A2", points=-4, rule="counterfeit")
    before = Violation.objects.values("points", "state", "reported_at").get(reference="A2")
    kept = bring(VIOLATIONS, store)
    confirm(kept, lead)
    taken = sum(LedgerEntry.objects.values_list("points", flat=True))

    undo(kept, lead)

    assert taken == -18
    assert sum(LedgerEntry.objects.values_list("points", flat=True)) == -4
    assert Violation.objects.get(reference="A1").state == "reversed"
    assert Violation.objects.values("points", "state", "reported_at").get(reference="A2") == before
    assert not ImportMark.objects.exists()
    assert AuditEvent.objects.filter(action="import.undone").count() == 1


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda one: factories.make_attempt(violation=one), "A1 has an appeal"),
        (lambda one: Violation.objects.filter(pk=one.pk).update(points=-1), "A1 was changed since"),
    ],
    ids=["appeal", "changed"],
)
def test_violation_that_something_was_built_on_stays(
    store: Store,
    lead: Membership,
    bring: Bring,
    build: Callable[[Violation], object],
    words: str,
) -> None:
    kept = bring(VIOLATIONS, store)
    confirm(kept, lead)
    build(Violation.objects.get(reference="A1"))

    with pytest.raises(UndoRefused, match=words):
        undo(kept, lead)

    assert set(Violation.objects.values_list("state", flat=True)) == {"enforced"}


def test_file_is_not_taken_back_under_a_later_one_nor_after_thirty_days(
    store: Store, lead: Membership, bring: Bring
) -> None:
    first = bring(VIOLATIONS, store)
    confirm(first, lead)
    later = bring(VIOLATIONS.replace("-12", "-10"), store, file_name="later.csv")
    confirm(later, lead, AT + timedelta(minutes=1))

    with pytest.raises(UndoRefused, match=r"the file later\.csv tells of the same"):
        undo(first, lead)
    with pytest.raises(UndoRefused, match="30 days"):
        undo(later, lead, AT + timedelta(days=31))


# -- the course -------------------------------------------------------------------------------


def test_mapping_is_remembered_for_files_of_the_same_headers(
    store: Store, lead: Membership, bring: Bring
) -> None:
    # given
    text = "Nr,Was,Wann\nA1,Counterfeit,2026-07-14\n"
    first = bring(text, store, kind="violations")
    columns = {"reference": 0, "rule": 1, "reported_at": 2}
    reach = Store.objects.all()
    imports.remap(kept=first, columns=columns, dates="", stores=reach, by=lead, at=AT)

    # when
    again = bring(text.replace("A1", "A2"), store, kind="violations")

    # then
    assert again.mapping["columns"] == columns
    assert again.result["new"] == 1
    assert ImportMapping.objects.count() == 1


@pytest.mark.parametrize("text", ["Colour,Size\nred,4\n", "Name\nx\n"])
def test_file_of_which_nothing_tells_what_it_holds_is_asked_about(
    agency: Agency, bring: Bring, text: str
) -> None:
    with pytest.raises(KindUnclear, match="do not tell what it holds"):
        bring(text)


def test_column_that_looks_personal_is_dropped_and_others_are_kept(
    store: Store, bring: Bring
) -> None:
    text = (
        "Reference,Reported,Rule,Mitarbeiter,Customer phone,Wer\n"
        "A1,2026-07-14,Counterfeit,Team 4,+84 90 123 4567,ann@example.com\n"
    )

    kept = bring(text, store)

    assert kept.headers == ["Reference", "Reported", "Rule", "Mitarbeiter"]


def test_row_of_a_store_that_went_out_of_reach_takes_the_others_with_it(
    store: Store, lead: Membership, bring: Bring
) -> None:
    other = factories.make_store(name="Other")
    kept = bring("Store,Reference,Reported\nHarbour Home,A1,2026-07-14\nOther,A2,2026-07-14\n")

    with pytest.raises(ImportRefused, match="Line 3: is no store that you see"):
        imports.write(kept=kept, stores=Store.objects.exclude(pk=other.pk), by=lead, at=AT)

    assert not Violation.objects.exists()
    assert Import.objects.get().state == "preview"
