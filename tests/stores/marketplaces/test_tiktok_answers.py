"""Every parser of TikTok Shop's answers: what it keeps, refuses and leaves behind."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from stores.marketplaces.core import BadPayload, Node
from stores.marketplaces.tiktok_shop import payloads
from tests.stores.marketplaces import answers
from tests.stores.marketplaces.answers import CALLS, MARK, texts

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def _parsed(name: str, data: object = None) -> Any:
    call = CALLS[name]
    return call.parse(Node(call.data if data is None else data, "data"))


def _changed(name: str, path: str, value: object) -> dict[str, Any]:
    """Return the answer ``name`` with the one value at ``path`` set."""
    data: dict[str, Any] = json.loads(json.dumps(CALLS[name].data))
    target: Any = data
    *steps, last = path.split(".")
    for step in steps:
        target = target[int(step) if step.isdigit() else step]
    target[int(last) if last.isdigit() else last] = value
    return data


def _complaint(name: str, data: object) -> str:
    with pytest.raises(BadPayload) as refusal:
        _parsed(name, data)
    return str(refusal.value)


def test_order_keeps_every_deadline_of_the_contract() -> None:
    order = _parsed("orders").orders[0]

    deadlines = {
        name.removesuffix("_time"): getattr(order, name)
        for name in (
            "rts_sla_time",
            "tts_sla_time",
            "shipping_due_time",
            "collection_due_time",
            "pick_up_cut_off_time",
            "delivery_sla_time",
            "delivery_due_time",
            "delivery_option_required_delivery_time",
            "fast_dispatch_sla_time",
            "cancel_order_sla_time",
            "release_date",
        )
    }
    assert deadlines == {
        "rts_sla": NOON + 2 * DAY,
        "tts_sla": NOON + 3 * DAY,
        "shipping_due": NOON + 5 * DAY,
        "collection_due": NOON + 6 * DAY,
        "pick_up_cut_off": NOON + 2 * DAY + HOUR,
        "delivery_sla": NOON + 8 * DAY,
        "delivery_due": NOON + 14 * DAY,
        "delivery_option_required_delivery": NOON + 9 * DAY,
        "fast_dispatch_sla": NOON + DAY,
        "cancel_order_sla": NOON + 7 * DAY,
        "release_date": NOON + HOUR,
    }
    assert (order.order_type, order.rts_time) == ("PRE_ORDER", None)
    assert order.request_cancel_time == NOON + 2 * HOUR


def test_packages_of_a_search() -> None:
    package = payloads.PackagePayload(
        id="1180000000000000001",
        status="PROCESSING",
        create_time=NOON,
        update_time=NOON + HOUR,
        order_ids=("580000000000000001",),
        order_line_item_ids=("1", "2"),
        tracking_number="VNX0001",
        shipping_provider_id="690",
        shipping_provider_name="Swift Post",
    )

    assert _parsed("packages") == payloads.PackagePage((package, package), "more", 2)


def test_package_in_full_says_when_it_is_picked_up() -> None:
    assert _parsed("package") == payloads.PackageDetail(
        package_id="1180000000000000001",
        package_status="PROCESSING",
        create_time=NOON,
        update_time=NOON + HOUR,
        order_ids=("580000000000000001", "580000000000000002"),
        order_line_item_ids=("1",),
        split_and_combine_tag="COMBINE",
        shipping_type="TIKTOK",
        handover_method="PICKUP",
        pickup_slot_start_time=NOON + 2 * HOUR,
        pickup_slot_end_time=NOON + 4 * HOUR,
        tracking_number="VNX0001",
        last_mile_tracking_number="",
        shipping_provider_id="690",
        shipping_provider_name="Swift Post",
    )
    assert _parsed("package", _changed("package", "pickup_slot", None)).pickup_slot_end_time is None


def test_cancellations_say_what_the_seller_must_do_until_when() -> None:
    cancellation = payloads.CancellationPayload(
        cancel_id="4035000000000000001",
        order_id="580000000000000001",
        cancel_type="BUYER_CANCEL",
        cancel_status="CANCELLATION_REQUEST_PENDING",
        role="BUYER",
        cancel_reason="no_longer_needed",
        create_time=NOON,
        update_time=NOON + MINUTE,
        seller_next_action_response=(payloads.NextAction("SELLER_RESPOND_CANCEL", NOON + DAY),),
        refund_total=payloads.Money(Decimal(129_000), "VND"),
        order_line_item_ids=("1", "2"),
    )

    assert _parsed("cancellations") == payloads.CancellationPage(
        (cancellation, cancellation), "more", 2
    )


def test_returns_say_whether_they_are_disputed() -> None:
    expected = payloads.ReturnPayload(
        return_id="4036000000000000001",
        order_id="580000000000000001",
        return_type="RETURN_AND_REFUND",
        return_status="AWAITING_BUYER_SHIP",
        arbitration_status="IN_PROGRESS",
        role="BUYER",
        return_reason="arrived_broken",
        create_time=NOON,
        update_time=NOON + MINUTE,
        seller_next_action_response=(
            payloads.NextAction("SELLER_RESPOND_RETURN", NOON + DAY),
            payloads.NextAction("SELLER_RESPOND_RECEIVE_PACKAGE", None),
        ),
        refund_total=payloads.Money(Decimal("64500.5"), "VND"),
        shipment_type="PLATFORM",
        handover_method="DROP_OFF",
        return_method="BUYER_SHIPPED",
        return_tracking_number="VNR0001",
        pre_return_id="4036000000000000000",
        next_return_id=None,
        is_combined_return=True,
        combined_return_id="4037000000000000001",
        can_buyer_keep_item=False,
        seller_proposed_return_type="PARTIAL_REFUND",
        partial_refund=payloads.Money(Decimal(30_000), "VND"),
        buyer_rejected_partial_refund=True,
        order_line_item_ids=("1",),
    )

    assert _parsed("returns") == payloads.ReturnPage((expected, expected), "more", 2)


@pytest.mark.parametrize("words", ["I told the seller twice", "không thích\nnữa", "x" * 400])
def test_reason_in_words_is_left_behind(words: str) -> None:
    cancelled = _parsed(
        "cancellations", _changed("cancellations", "cancellations.0.cancel_reason", words)
    )
    returned = _parsed("returns", _changed("returns", "return_orders.0.return_reason", words))

    assert cancelled.cancellations[0].cancel_reason == ""
    assert returned.returns[0].return_reason == ""


SKUS = (
    payloads.SkuPayload("1730000000000000011", "BOWL-BLUE", "DEACTIVATED", "PLATFORM"),
    payloads.SkuPayload("1730000000000000012", "", None, None),
)


def test_products_say_their_state_and_their_audits() -> None:
    product = payloads.ProductPayload(
        id="1730000000000000001",
        title="Rice bowl blue",
        status="PLATFORM_DEACTIVATED",
        audit_status="PRE_APPROVED",
        pre_approved_reasons=("KYC_PENDING",),
        listing_quality_tier="FAIR",
        is_not_for_sale=False,
        create_time=NOON,
        update_time=NOON + HOUR,
        product_sync_fail_reasons=("A licence is missing.",),
        skus=SKUS,
    )

    assert _parsed("products") == payloads.ProductPage((product, product), "more", 2)


def test_product_in_full_says_why_its_audit_failed() -> None:
    assert _parsed("product") == payloads.ProductDetail(
        id="1730000000000000001",
        title="Rice bowl blue",
        status="PLATFORM_DEACTIVATED",
        product_status="ACTIVATE",
        audit_status="PRE_APPROVED",
        pre_approved_reasons=("KYC_PENDING",),
        audit_failed_reasons=(
            payloads.AuditFailure(
                position="Main image",
                reasons=("Text covers the picture", "Too small"),
                suggestions=("Show the bowl alone.",),
                listing_platform="TIKTOK_SHOP",
            ),
        ),
        listing_quality_tier="FAIR",
        is_not_for_sale=False,
        create_time=NOON,
        update_time=NOON + HOUR,
        skus=SKUS,
    )


def test_product_without_a_status_is_not_listed_here() -> None:
    listed_elsewhere = _changed("products", "products.0.status", None)

    assert _parsed("products", listed_elsewhere).products[0].status is None


def test_stock_counts_all_warehouses() -> None:
    blue = payloads.StockPayload("1730000000000000001", "1730000000000000011", "BOWL-BLUE", 12, 3)
    plain = payloads.StockPayload("1730000000000000001", "1730000000000000012", "", 9, 2)

    assert _parsed("inventory") == [blue, plain, blue, plain]


def test_stock_that_nobody_counted_is_not_none() -> None:
    uncounted = {"inventory": [{"product_id": "1", "skus": [{"id": "2"}]}]}

    assert _complaint("inventory", uncounted) == (
        "data.inventory[0].skus[0].total_available_quantity is missing"
    )


def test_statements_keep_sums_and_whether_they_are_paid() -> None:
    assert _parsed("statements") == payloads.StatementPage(
        (
            payloads.StatementPayload(
                id="7400000000000000001",
                statement_time=NOON,
                payment_status="PROCESSING",
                payment_id=None,
                currency="VND",
                settlement_amount=Decimal(900_000),
                revenue_amount=Decimal(1_000_000),
                fee_amount=Decimal(-80_000),
                adjustment_amount=Decimal(-20_000),
                net_sales_amount=None,
                shipping_cost_amount=Decimal(0),
            ),
        ),
        "more",
        1,
    )


def test_statement_in_full_says_what_was_held_back_and_until_when() -> None:
    page = _parsed("statement_transactions")
    order, reserve = page.transactions

    assert (page.id, page.create_time, page.status, page.currency, page.total) == (
        "7400000000000000001",
        NOON,
        "SETTLED",
        "VND",
        2,
    )
    assert (page.payable_amount, page.total_settlement_amount, page.total_reserve_amount) == (
        Decimal(880_000),
        Decimal(900_000),
        Decimal(-20_000),
    )
    assert (page.next_page_token, order.order_create_time) == (None, NOON - DAY)
    assert (order.type, order.order_id, order.settlement_amount, order.fee_tax_amount) == (
        "ORDER",
        "580000000000000001",
        Decimal(920_000),
        Decimal(-80_000),
    )
    assert (reserve.type, reserve.reserve_amount, reserve.reserve_status) == (
        "RESERVE",
        Decimal(-20_000),
        "Collected",
    )
    assert reserve.estimated_release_time == NOON + 30 * DAY


def test_payments_keep_amounts_with_their_currency_and_no_account() -> None:
    def pounds(amount: str) -> payloads.Money:
        return payloads.Money(Decimal(amount), "GBP")

    assert _parsed("payments") == payloads.PaymentPage(
        (
            payloads.PaymentPayload(
                id="3459000000000000001",
                status="PAID",
                create_time=NOON,
                paid_time=NOON + DAY,
                amount=pounds("90.10"),
                settlement_amount=pounds("100.10"),
                reserve_amount=pounds("-10"),
                payment_amount_before_exchange=pounds("90.10"),
                exchange_rate=Decimal("1.000000"),
            ),
        ),
        "more",
        1,
    )


def test_withdrawals_keep_a_type_that_nobody_announced() -> None:
    assert _parsed("withdrawals") == payloads.WithdrawalPage(
        (
            payloads.WithdrawalPayload(
                id="WD-2026-0001",
                type="POLICY_VIOLATION_DEDUCTION",
                amount=Decimal(-250_000),
                currency="VND",
                status="SUCCESS",
                create_time=NOON,
            ),
        ),
        "more",
        1,
    )


def test_unsettled_say_when_they_will_be_as_far_as_it_is_known() -> None:
    page = _parsed("unsettled")

    assert [
        (one.type, one.order_id, one.adjustment_id, one.estimated_settlement_at)
        for one in page.transactions
    ] == [
        ("ORDER", "580000000000000001", None, NOON + 7 * DAY),
        ("CHARGE_BACK", None, "7238000000000000001", None),
    ]
    assert page.transactions[1].estimated_settlement == "8 days after delivery"
    assert page.transactions[1].est_adjustment_amount == Decimal(-5000)
    assert (page.total, page.sum_est_settlement_amount, page.sum_est_fee_amount) == (
        2,
        Decimal(95_000),
        None,
    )


def test_conversations_say_who_spoke_last_and_not_what() -> None:
    waiting = payloads.ConversationPayload(
        id="7495000000000000001",
        create_time=NOON,
        unread_count=2,
        latest_message_time=NOON + MINUTE,
        latest_message_from_buyer=True,
        can_send_message=True,
    )
    silent = payloads.ConversationPayload("7495000000000000001", NOON, 2, None, False, True)  # noqa: FBT003

    assert _parsed("conversations") == payloads.ConversationPage((waiting, silent), "more", 2)


@pytest.mark.parametrize("role", ["SHOP", "CUSTOMER_SERVICE", "SYSTEM", "ROBOT", "NEW_KIND", None])
def test_conversation_that_the_store_answered_does_not_wait(role: str | None) -> None:
    data = _changed("conversations", "conversations.0.latest_message.sender.role", role)

    assert _parsed("conversations", data).conversations[0].latest_message_from_buyer is False


def test_service_performance_of_nothing_is_unknown_and_not_zero() -> None:
    assert _parsed("service_performance") == payloads.ServicePerformance(
        support_session_count=15,
        response_percentage=Decimal("93.4"),
        satisfaction_percentage=None,
        response_time_mins=Decimal("3.4"),
    )


@pytest.mark.parametrize("share", ["101", "-1", "100.1", "93,4", "93.4%"])
def test_service_performance_refuses_a_share_that_is_none(share: str) -> None:
    data = _changed("service_performance", "performance.response_percentage", share)

    assert _complaint("service_performance", data) == (
        "data.performance.response_percentage is not a percentage"
    )


def test_shop_performance_of_a_day() -> None:
    assert _parsed("shop_performance") == payloads.ShopPerformance(
        intervals=(
            payloads.PerformanceInterval(
                start_date=date(2026, 8, 31),
                end_date=date(2026, 9, 1),
                gmv=payloads.Money(Decimal("1290000.00"), "VND"),
                orders=10,
                sku_orders=11,
                units_sold=14,
                avg_order_value=payloads.Money(Decimal(129_000), "VND"),
                buyers=9,
                product_impressions=4000,
                product_page_views=300,
                avg_product_page_visitors=120,
                refunds=payloads.Money(Decimal("0.00"), "VND"),
                cancellations_and_returns=1,
            ),
        ),
        latest_available_date=date(2026, 8, 31),
    )


def test_webhooks_of_a_store() -> None:
    assert _parsed("webhooks") == [
        payloads.WebhookPayload(
            "ORDER_STATUS_CHANGE", "https://app.test/hooks/tiktok_shop/", NOON, NOON
        )
    ]


@pytest.mark.parametrize(
    ("name", "path", "value", "complaint"),
    [
        ("packages", "packages.1.orders", None, "data.packages[1].orders is missing"),
        (
            "packages",
            "packages.0.status",
            "on its way",
            "data.packages[0].status is not a known form",
        ),
        ("package", "pickup_slot.end_time", "noon", "data.pickup_slot.end_time is not an integer"),
        (
            "cancellations",
            "cancellations.0.seller_next_action_response.0.deadline",
            "soon",
            "data.cancellations[0].seller_next_action_response[0].deadline is not an integer",
        ),
        (
            "returns",
            "return_orders.0.refund_amount.currency",
            "dong",
            "data.return_orders[0].refund_amount.currency is not a currency",
        ),
        (
            "returns",
            "return_orders.0.is_combined_return",
            "maybe",
            "data.return_orders[0].is_combined_return is neither true nor false",
        ),
        ("products", "products.0.skus", {}, "data.products[0].skus is not a list"),
        (
            "product",
            "audit_failed_reasons.0.reasons",
            "bad",
            "data.audit_failed_reasons[0].reasons is not a list",
        ),
        (
            "inventory",
            "inventory.0.skus.0.total_available_quantity",
            -1,
            "data.inventory[0].skus[0].total_available_quantity is below zero",
        ),
        (
            "statements",
            "statements.0.settlement_amount",
            "",
            "data.statements[0].settlement_amount is empty",
        ),
        (
            "payments",
            "payments.0.amount.currency",
            None,
            "data.payments[0].amount.currency is missing",
        ),
        ("withdrawals", "withdrawals.0.amount", 250_000, "data.withdrawals[0].amount is not text"),
        ("unsettled", "transactions.1.type", "", "data.transactions[1].type is empty"),
        (
            "conversations",
            "conversations.0.unread_count",
            "2",
            "data.conversations[0].unread_count is not an integer",
        ),
        (
            "shop_performance",
            "performance.intervals.0.start_date",
            "2026-02-30",
            "data.performance.intervals[0].start_date is not a day",
        ),
        ("shop_performance", "performance", None, "data.performance is not an object"),
        ("webhooks", "webhooks.0.address", "", "data.webhooks[0].address is empty"),
    ],
)
def test_answer_names_the_field_that_is_wrong(
    name: str, path: str, value: object, complaint: str
) -> None:
    assert _complaint(name, _changed(name, path, value)) == complaint


PAGES = {
    "orders": "orders",
    "packages": "packages",
    "cancellations": "cancellations",
    "returns": "return_orders",
    "products": "products",
    "statements": "statements",
    "statement_transactions": "transactions",
    "payments": "payments",
    "withdrawals": "withdrawals",
    "unsettled": "transactions",
    "conversations": "conversations",
}


@pytest.mark.parametrize(
    "name", [name for name in PAGES if name not in ("statement_transactions", "webhooks")]
)
@pytest.mark.parametrize("data", [{}, {"total_count": 0, "other": "0"}, {"next_page_token": ""}])
def test_page_of_a_search_that_found_nothing_may_be_empty(name: str, data: dict[str, Any]) -> None:
    page = _parsed(name, data)

    assert (page.total, page.next_page_token) == (0, None)
    assert not [part for part in texts(page) if part not in ("0", "None")]


@pytest.mark.parametrize("name", PAGES)
def test_page_whose_list_goes_by_another_name_is_refused(name: str) -> None:
    data = {**CALLS[name].data}
    data["items"] = data.pop(PAGES[name])

    assert _complaint(name, data) == f"data.{PAGES[name]} is missing"


@pytest.mark.parametrize("name", CALLS)
def test_buyers_data_ends_in_every_parser(name: str) -> None:
    """Names, telephones, addresses, e-mail addresses, messages: in no field and in no repr."""
    said = " ".join([*texts(_parsed(name)), repr(_parsed(name))])

    assert MARK not in said.lower()


def test_answers_hold_every_mark_that_could_leak() -> None:
    told = repr([call.data for call in CALLS.values()])

    marks = (answers.NAME, answers.PHONE, answers.ADDRESS, answers.EMAIL, answers.MESSAGE)
    assert [mark for mark in marks if told.count(mark) < 2] == []
    marked = {name for name, call in CALLS.items() if MARK in repr(call.data)}
    assert marked == {
        "orders",
        "order_details",
        "packages",
        "package",
        "cancellations",
        "returns",
        "payments",
        "conversations",
    }


@pytest.mark.parametrize("name", ["tokens", "shops", *PAGES])
def test_secrets_do_not_show_themselves(name: str) -> None:
    shown = repr(_parsed(name))

    assert not [secret for secret in ("ROW_", "'more'") if secret in shown]
