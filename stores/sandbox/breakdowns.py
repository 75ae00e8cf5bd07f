"""The names of the amounts of which a transaction is made up; most are nothing most of the time."""

REVENUE = (
    "subtotal_before_discount_amount",
    "refund_subtotal_before_discount_amount",
    "seller_discount_amount",
    "seller_discount_refund_amount",
    "cod_service_fee_amount",
    "refund_cod_service_fee_amount",
)
_SHIPPING = (
    "actual_shipping_fee_amount",
    "shipping_fee_discount_amount",
    "customer_paid_shipping_fee_amount",
    "return_shipping_fee_amount",
    "replacement_shipping_fee_amount",
    "exchange_shipping_fee_amount",
    "signature_confirmation_fee_amount",
    "shipping_insurance_fee_amount",
)
_MORE_SHIPPING = (
    "fbt_fulfillment_fee_reimbursement_amount",
    "return_shipping_label_fee_amount",
    "seller_self_shipping_service_fee_amount",
    "return_shipping_fee_paid_buyer_amount",
    "failed_delivery_subsidy_amount",
    "shipping_fee_guarantee_reimbursement",
    "fbt_free_shipping_fee_amount",
    "free_return_subsidy_amount",
)
_SHIPPING_AIDS = (
    "platform_shipping_fee_discount_amount",
    "promo_shipping_incentive_amount",
    "shipping_fee_subsidy_amount",
    "seller_shipping_fee_discount_amount",
    "customer_shipping_fee_offset_amount",
    "fbm_shipping_cost_amount",
    "fbt_shipping_cost_amount",
    "fbt_fulfillment_fee_amount",
)
_MORE_SHIPPING_AIDS = (
    "fbt_fulfillment_fee_reimbursement_amount",
    "return_refund_subsidy_amount",
    "refunded_customer_shipping_fee_amount",
    "customer_shipping_fee",
    "refund_customer_shipping_fee",
)
_FEES = (
    "platform_commission_amount",
    "referral_fee_amount",
    "refund_administration_fee_amount",
    "transaction_fee_amount",
    "credit_card_handling_fee_amount",
    "affiliate_commission_amount",
    "affiliate_partner_commission_amount",
    "affiliate_ads_commission_amount",
    "sfp_service_fee_amount",
    "live_specials_fee_amount",
    "bonus_cashback_service_fee_amount",
    "mall_service_fee_amount",
)
_FEES_SETTLED = (
    "affiliate_commission_amount_before_pit",
    "voucher_xtra_service_fee_amount",
    "flash_sales_service_fee_amount",
    "cofunded_promotion_service_fee_amount",
    "pre_order_service_fee_amount",
    "tsp_commission_amount",
    "dt_handling_fee_amount",
    "epr_pob_service_fee_amount",
    "seller_paylater_handling_fee_amount",
    "fee_per_item_sold_amount",
    "cofunded_creator_bonus_amount",
    "dynamic_commission_amount",
    "external_affiliate_marketing_fee_amount",
    "vn_fix_infrastructure_fee",
    "affiliate_commission_deposit",
    "affiliate_commission_release",
    "tap_shop_ads_commission",
    "shipping_fee_guarantee_service_fee",
    "installation_service_fee",
    "campaign_resource_fee",
)
_FEES_UNSETTLED = (
    "affiliate_commission_before_pit_amount",
    "pit_withheld_from_ads_commission_amount",
    "retail_delivery_fee_amount",
    "retail_delivery_fee_payment_amount",
    "retail_delivery_fee_refund_amount",
)
_TAXES = (
    "vat_amount",
    "import_vat_amount",
    "customs_duty_amount",
    "customs_clearance_amount",
    "sst_amount",
    "gst_amount",
)
_TAXES_SETTLED = (
    "iva_amount",
    "isr_amount",
    "anti_dumping_duty_amount",
    "local_vat_amount",
    "pit_amount",
)
_TAXES_UNSETTLED = ("sales_tax_amount", "sales_tax_payment_amount", "sales_tax_refund_amount")
_BESIDES = (
    "customer_payment_amount",
    "customer_refund_amount",
    "platform_discount_amount",
    "platform_discount_refund_amount",
    "seller_cofunded_discount_amount",
    "seller_cofunded_discount_refund_amount",
    "platform_cofunded_discount_amount",
    "platform_cofunded_discount_refund_amount",
    "retail_delivery_fee_amount",
    "retail_delivery_fee_payment_amount",
    "retail_delivery_fee_refund_amount",
    "sales_tax_amount",
    "sales_tax_payment_amount",
    "sales_tax_refund_amount",
)


def _amounts(names: tuple[str, ...], **known: str) -> dict[str, object]:
    return {**dict.fromkeys(names, "0"), **known}


def revenue(subtotal: str) -> dict[str, object]:
    return _amounts(REVENUE, subtotal_before_discount_amount=subtotal)


def shipping(cost: str, *, is_settled: bool) -> dict[str, object]:
    names = _SHIPPING + (_MORE_SHIPPING if is_settled else ())
    aids = _SHIPPING_AIDS + (_MORE_SHIPPING_AIDS if is_settled else ())
    return {
        **_amounts(names, actual_shipping_fee_amount=cost),
        "supplementary_component": _amounts(aids, fbm_shipping_cost_amount=cost),
    }


def fees(commission: str, *, is_settled: bool) -> dict[str, object]:
    names = _FEES + (_FEES_SETTLED if is_settled else _FEES_UNSETTLED)
    taxes = _TAXES + (_TAXES_SETTLED if is_settled else _TAXES_UNSETTLED)
    return {
        "fee": _amounts(names, platform_commission_amount=commission),
        "tax": _amounts(taxes),
    }


def besides(payment: str) -> dict[str, object]:
    return _amounts(_BESIDES, customer_payment_amount=payment)
