"""One answer of every call, in our own words, with a buyer's marks wherever a buyer may stand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop import payloads

# Each holds the mark, which no payload may.
MARK = "canary"
NAME = "Canary Trần Thị Mai"
PHONE = "+84 90 canary 123"
ADDRESS = "7 Canary Lane, Ward 3"
EMAIL = "canary@buyer.example"
MESSAGE = "canary: please leave it with the neighbour"

T0 = 1_788_264_000  # 2026-09-01 12:00 UTC
HOUR = 3600
DAY = 24 * HOUR

ADDRESS_OF_A_BUYER = {
    "full_address": ADDRESS,
    "name": NAME,
    "first_name": NAME,
    "phone_number": PHONE,
    "address_line1": ADDRESS,
    "address_detail": ADDRESS,
    "postal_code": "canary-70000",
    "region_code": "VN",
    "district_info": [{"address_name": ADDRESS}],
}

ORDER: dict[str, Any] = {
    "id": "580000000000000001",
    "status": "AWAITING_SHIPMENT",
    "create_time": T0,
    "update_time": T0 + HOUR,
    "paid_time": T0 + 60,
    "rts_sla_time": T0 + 2 * DAY,
    "tts_sla_time": T0 + 3 * DAY,
    "shipping_due_time": T0 + 5 * DAY,
    "collection_due_time": T0 + 6 * DAY,
    "pick_up_cut_off_time": T0 + 2 * DAY + HOUR,
    "delivery_sla_time": T0 + 8 * DAY,
    "delivery_due_time": T0 + 14 * DAY,
    "delivery_option_required_delivery_time": T0 + 9 * DAY,
    "fast_dispatch_sla_time": T0 + DAY,
    "release_date": T0 + HOUR,
    "cancel_order_sla_time": T0 + 7 * DAY,
    "rts_time": 0,
    "request_cancel_time": T0 + 2 * HOUR,
    "is_buyer_request_cancel": True,
    "is_on_hold_order": False,
    "is_cod": True,
    "cancellation_initiator": "BUYER",
    "fulfillment_type": "FULFILLMENT_BY_SELLER",
    "order_type": "PRE_ORDER",
    "shipping_type": "TIKTOK",
    "payment": {"currency": "VND", "total_amount": "129000", "sub_total": "120000"},
    "line_items": [{"id": "1", "product_name": "Bowl"}, {"id": "2"}],
    "packages": [{"id": "1180000000000000001"}],
    "user_id": "canary-user",
    "buyer_email": EMAIL,
    "buyer_message": MESSAGE,
    "cpf": "canary-cpf",
    "cpf_name": NAME,
    "recipient_address": ADDRESS_OF_A_BUYER,
}

PACKAGE: dict[str, Any] = {
    "id": "1180000000000000001",
    "status": "PROCESSING",
    "create_time": T0,
    "update_time": T0 + HOUR,
    "orders": [{"id": "580000000000000001", "skus": [{"id": "9", "name": "blue"}]}],
    "order_line_item_ids": ["1", "2"],
    "tracking_number": "VNX0001",
    "shipping_provider_id": "690",
    "shipping_provider_name": "Swift Post",
    "recipient_address": ADDRESS_OF_A_BUYER,
}

PACKAGE_DETAIL: dict[str, Any] = {
    "package_id": "1180000000000000001",
    "package_status": "PROCESSING",
    "create_time": T0,
    "update_time": T0 + HOUR,
    "orders": [{"id": "580000000000000001"}, {"id": "580000000000000002"}],
    "order_line_item_ids": ["1"],
    "split_and_combine_tag": "COMBINE",
    "shipping_type": "TIKTOK",
    "handover_method": "PICKUP",
    "pickup_slot": {"start_time": T0 + 2 * HOUR, "end_time": T0 + 4 * HOUR},
    "tracking_number": "VNX0001",
    "last_mile_tracking_number": "",
    "shipping_provider_id": "690",
    "shipping_provider_name": "Swift Post",
    "recipient_address": ADDRESS_OF_A_BUYER,
    "sender_address": {"name": NAME, "phone_number": PHONE},
    "note_tag": "BUYER_NOTED",
}

CANCELLATION: dict[str, Any] = {
    "cancel_id": "4035000000000000001",
    "order_id": "580000000000000001",
    "cancel_type": "BUYER_CANCEL",
    "cancel_status": "CANCELLATION_REQUEST_PENDING",
    "role": "BUYER",
    "cancel_reason": "no_longer_needed",
    "cancel_reason_text": MESSAGE,
    "create_time": T0,
    "update_time": T0 + 60,
    "seller_next_action_response": [
        {"action": "SELLER_RESPOND_CANCEL", "deadline": T0 + DAY},
    ],
    "refund_amount": {"currency": "VND", "refund_total": "129000", "refund_tax": "0"},
    "cancel_line_items": [{"order_line_item_id": "1"}, {"order_line_item_id": "2"}],
    "buyer_user_id": "canary-user",
}

RETURN: dict[str, Any] = {
    "return_id": "4036000000000000001",
    "order_id": "580000000000000001",
    "return_type": "RETURN_AND_REFUND",
    "return_status": "AWAITING_BUYER_SHIP",
    "arbitration_status": "IN_PROGRESS",
    "role": "BUYER",
    "return_reason": "arrived_broken",
    "return_reason_text": MESSAGE,
    "create_time": T0,
    "update_time": T0 + 60,
    "seller_next_action_response": [
        {"action": "SELLER_RESPOND_RETURN", "deadline": T0 + DAY},
        {"action": "SELLER_RESPOND_RECEIVE_PACKAGE"},
    ],
    "refund_amount": {"currency": "VND", "refund_total": "64500.5"},
    "shipment_type": "PLATFORM",
    "handover_method": "DROP_OFF",
    "return_method": "BUYER_SHIPPED",
    "return_tracking_number": "VNR0001",
    "pre_return_id": "4036000000000000000",
    "next_return_id": "0",
    "is_combined_return": "TRUE ",
    "combined_return_id": "4037000000000000001",
    "can_buyer_keep_item": False,
    "seller_proposed_return_type": "PARTIAL_REFUND",
    "partial_refund": {"currency": "VND", "amount": "30000"},
    "buyer_rejected_partial_refund": True,
    "return_line_items": [{"order_line_item_id": "1", "product_name": "Bowl"}],
    "return_warehouse_address": {"full_address": ADDRESS},
}

SKUS: list[dict[str, Any]] = [
    {
        "id": "1730000000000000011",
        "seller_sku": "BOWL-BLUE",
        "status_info": {"status": "DEACTIVATED", "deactivation_source": "PLATFORM"},
        "price": {"currency": "VND", "sale_price": "60000"},
    },
    {"id": 1_730_000_000_000_000_012, "seller_sku": ""},
]

PRODUCT: dict[str, Any] = {
    "id": "1730000000000000001",
    "title": "Rice bowl\tblue",
    "status": "PLATFORM_DEACTIVATED",
    "audit": {"status": "PRE_APPROVED", "pre_approved_reasons": ["KYC_PENDING"]},
    "listing_quality_tier": "FAIR",
    "is_not_for_sale": False,
    "create_time": T0,
    "update_time": T0 + HOUR,
    "product_sync_fail_reasons": ["A licence is missing."],
    "skus": SKUS,
}

PRODUCT_DETAIL: dict[str, Any] = {
    **PRODUCT,
    "product_status": "ACTIVATE",
    "audit_failed_reasons": [
        {
            "position": "Main image",
            "reasons": ["Text covers the picture\n", "Too small"],
            "suggestions": ["Show the bowl alone."],
            "listing_platform": "TIKTOK_SHOP",
        }
    ],
}

STOCK: dict[str, Any] = {
    "product_id": "1730000000000000001",
    "skus": [
        {
            "id": "1730000000000000011",
            "seller_sku": "BOWL-BLUE",
            "total_available_quantity": 12,
            "total_committed_quantity": 3,
            "warehouse_inventory": [{"available_quantity": 12, "committed_quantity": 3}],
        },
        {
            "id": "1730000000000000012",
            "seller_sku": "",
            "warehouse_inventory": [
                {"warehouse_id": "1", "available_quantity": 4, "committed_quantity": 0},
                {"warehouse_id": "2", "available_quantity": 5, "committed_quantity": 2},
            ],
        },
    ],
}

STATEMENT: dict[str, Any] = {
    "id": "7400000000000000001",
    "statement_time": T0,
    "payment_status": "PROCESSING",
    "payment_id": "",
    "currency": "VND",
    "settlement_amount": "900000",
    "revenue_amount": "1000000",
    "fee_amount": "-80000",
    "adjustment_amount": "-20000",
    "net_sales_amount": "",
    "shipping_cost_amount": "0",
}

PAYMENT: dict[str, Any] = {
    "id": "3459000000000000001",
    "status": "PAID",
    "create_time": T0,
    "paid_time": T0 + DAY,
    "amount": {"value": "90.10", "currency": "GBP"},
    "settlement_amount": {"value": "100.10", "currency": "GBP"},
    "reserve_amount": {"value": "-10", "currency": "GBP"},
    "payment_amount_before_exchange": {"value": "90.10", "currency": "GBP"},
    "exchange_rate": "1.000000",
    "bank_account": "canary-1234",
}

WITHDRAWAL: dict[str, Any] = {
    "id": "WD-2026-0001",
    "type": "POLICY_VIOLATION_DEDUCTION",
    "amount": "-250000",
    "currency": "VND",
    "status": "SUCCESS",
    "create_time": T0,
}

UNSETTLED: list[dict[str, Any]] = [
    {
        "id": "1636000000000000001",
        "type": "ORDER",
        "status": "UNSETTLED",
        "currency": "VND",
        "estimated_settlement": str(T0 + 7 * DAY),
        "unsettled_reason": "not delivered yet",
        "order_create_time": T0,
        "order_id": "580000000000000001",
        "adjustment_id": "0",
        "est_settlement_amount": "100000",
        "est_revenue_amount": "129000",
        "est_shipping_cost_amount": "-9000",
        "est_fee_tax_amount": "-20000",
    },
    {
        "id": "1636000000000000002",
        "type": "CHARGE_BACK",
        "currency": "VND",
        "estimated_settlement": "8 days after delivery",
        "adjustment_id": "7238000000000000001",
        "adjustment_order_id": "580000000000000002",
        "est_adjustment_amount": "-5000",
    },
]

STATEMENT_LINES: dict[str, Any] = {
    "id": "7400000000000000001",
    "create_time": T0,
    "status": "SETTLED",
    "currency": "VND",
    "payable_amount": "880000",
    "total_settlement_amount": "900000",
    "total_reserve_amount": "-20000",
    "transactions": [
        {
            "id": "1637000000000000001",
            "type": "ORDER",
            "order_id": "580000000000000001",
            "order_create_time": T0 - DAY,
            "settlement_amount": "920000",
            "revenue_amount": "1000000",
            "shipping_cost_amount": "0",
            "fee_tax_amount": "-80000",
        },
        {
            "id": "1637000000000000002",
            "type": "RESERVE",
            "reserve_id": "56000001",
            "reserve_amount": "-20000",
            "reserve_status": "Collected",
            "associated_order_id": "580000000000000001",
            "estimated_release_time": str(T0 + 30 * DAY),
        },
    ],
    "total_count": 2,
    "next_page_token": "",
}

CONVERSATION: dict[str, Any] = {
    "id": "7495000000000000001",
    "participant_count": 2,
    "can_send_message": True,
    "unread_count": 2,
    "create_time": T0,
    "participants": [
        {"role": "BUYER", "nickname": NAME, "user_id": "canary-user", "avatar": "canary.png"},
        {"role": "SHOP", "nickname": "Sen"},
    ],
    "latest_message": {
        "id": "7495000000000000002",
        "type": "TEXT",
        "content": MESSAGE,
        "create_time": T0 + 60,
        "sender": {"role": "BUYER", "nickname": NAME, "im_user_id": "canary-im"},
    },
}

INTERVAL: dict[str, Any] = {
    "start_date": "2026-08-31",
    "end_date": "2026-09-01",
    "gmv": {"amount": "1290000.00", "currency": "VND"},
    "orders": 10,
    "sku_orders": 11,
    "units_sold": 14,
    "avg_order_value": {"amount": "129000", "currency": "VND"},
    "buyers": 9,
    "product_impressions": 4000,
    "product_page_views": 300,
    "avg_product_page_visitors": 120,
    "refunds": {"amount": "0.00", "currency": "VND"},
    "cancellations_and_returns": 1,
}

TOKENS: dict[str, Any] = {
    "access_token": "ROW_access",
    "access_token_expire_in": T0 + 7 * DAY,
    "refresh_token": "ROW_refresh",
    "refresh_token_expire_in": T0 + 365 * DAY,
    "open_id": "open-1",
    "seller_name": "Sen Vàng",
    "seller_base_region": "VN",
    "granted_scopes": ["seller.order.info", "seller.product.basic"],
}

SHOP: dict[str, Any] = {
    "id": "7495000000000000201",
    "name": "Sen Vàng",
    "region": "VN",
    "seller_type": "LOCAL",
    "cipher": "ROW_cipher",
    "code": "VNLC0001",
}


@dataclass(frozen=True)
class Call:
    """An answer's ``data``, what parses it, and which lists must come out as long as they went in.

    ``lists`` are pairs of paths, in the answer and in what is made of it; ``*`` stands for each.
    """

    parse: Callable[[Node], Any]
    data: dict[str, Any]
    lists: tuple[tuple[str, str], ...] = ()


def _paged(name: str, *members: dict[str, Any], **others: object) -> dict[str, Any]:
    return {name: list(members), "next_page_token": "more", **others}


CALLS: dict[str, Call] = {
    "tokens": Call(payloads.tokens, TOKENS, (("granted_scopes", "granted_scopes"),)),
    "shops": Call(payloads.shops, {"shops": [SHOP, SHOP]}, (("shops", ""),)),
    "active_shops": Call(
        payloads.active_shops, {"shops": [{"id": 7495, "region": "VN"}]}, (("shops", ""),)
    ),
    "orders": Call(
        payloads.order_page,
        _paged("orders", ORDER, ORDER, total_count=7),
        (("orders", "orders"), ("orders.*.packages", "orders.*.package_ids")),
    ),
    "order_details": Call(payloads.orders, {"orders": [ORDER]}, (("orders", ""),)),
    "packages": Call(
        payloads.package_page,
        _paged("packages", PACKAGE, PACKAGE, total_count=2),
        (
            ("packages", "packages"),
            ("packages.*.orders", "packages.*.order_ids"),
            ("packages.*.order_line_item_ids", "packages.*.order_line_item_ids"),
        ),
    ),
    "package": Call(payloads.package, PACKAGE_DETAIL, (("orders", "order_ids"),)),
    "cancellations": Call(
        payloads.cancellation_page,
        _paged("cancellations", CANCELLATION, CANCELLATION, total_count=2),
        (
            ("cancellations", "cancellations"),
            ("cancellations.*.cancel_line_items", "cancellations.*.order_line_item_ids"),
            (
                "cancellations.*.seller_next_action_response",
                "cancellations.*.seller_next_action_response",
            ),
        ),
    ),
    "returns": Call(
        payloads.return_page,
        _paged("return_orders", RETURN, RETURN, total_count=2),
        (
            ("return_orders", "returns"),
            ("return_orders.*.return_line_items", "returns.*.order_line_item_ids"),
            (
                "return_orders.*.seller_next_action_response",
                "returns.*.seller_next_action_response",
            ),
        ),
    ),
    "products": Call(
        payloads.product_page,
        _paged("products", PRODUCT, PRODUCT, total_count=2),
        (("products", "products"), ("products.*.skus", "products.*.skus")),
    ),
    "product": Call(
        payloads.product,
        PRODUCT_DETAIL,
        (("skus", "skus"), ("audit_failed_reasons", "audit_failed_reasons")),
    ),
    "inventory": Call(
        payloads.inventory, {"inventory": [STOCK, STOCK]}, (("inventory.*.skus", ""),)
    ),
    "statements": Call(
        payloads.statement_page, _paged("statements", STATEMENT), (("statements", "statements"),)
    ),
    "statement_transactions": Call(
        payloads.statement_transaction_page, STATEMENT_LINES, (("transactions", "transactions"),)
    ),
    "payments": Call(
        payloads.payment_page, _paged("payments", PAYMENT), (("payments", "payments"),)
    ),
    "withdrawals": Call(
        payloads.withdrawal_page,
        _paged("withdrawals", WITHDRAWAL, total_count=1),
        (("withdrawals", "withdrawals"),),
    ),
    "unsettled": Call(
        payloads.unsettled_page,
        _paged("transactions", *UNSETTLED, total_count=2, sum_est_settlement_amount="95000"),
        (("transactions", "transactions"),),
    ),
    "conversations": Call(
        payloads.conversation_page,
        _paged("conversations", CONVERSATION, {**CONVERSATION, "latest_message": None}),
        (("conversations", "conversations"),),
    ),
    "service_performance": Call(
        payloads.service_performance,
        {
            "performance": {
                "support_session_count": 15,
                "response_percentage": "93.4",
                "satisfaction_percentage": "",
                "response_time_mins": "3.4",
            }
        },
    ),
    "shop_performance": Call(
        payloads.shop_performance,
        {"performance": {"intervals": [INTERVAL]}, "latest_available_date": "2026-08-31"},
        (("performance.intervals", "intervals"),),
    ),
    "webhooks": Call(
        payloads.webhooks,
        {
            "webhooks": [
                {
                    "event_type": "ORDER_STATUS_CHANGE",
                    "address": "https://app.test/hooks/tiktok_shop/",
                    "create_time": T0,
                    "update_time": T0,
                }
            ],
            "total_count": 1,
        },
        (("webhooks", ""),),
    ),
}


def texts(value: object) -> Iterator[str]:
    """Yield every text in a payload, those that its ``repr`` hides, too."""
    if is_dataclass(value):
        for one in fields(value):
            yield from texts(getattr(value, one.name))
    elif isinstance(value, list | tuple):
        for member in value:
            yield from texts(member)
    else:
        yield str(value)
