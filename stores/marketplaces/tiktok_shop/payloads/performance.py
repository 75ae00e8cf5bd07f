"""What a shop sold, day by day."""

from dataclasses import dataclass
from datetime import date

from stores.marketplaces import read
from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import Money, members, money_or_none


@dataclass(frozen=True, slots=True)
class PerformanceInterval:
    """One interval ``[start_date, end_date)`` in the shop's time zone; a count not told is None."""

    start_date: date
    end_date: date
    gmv: Money | None
    orders: int | None
    sku_orders: int | None
    units_sold: int | None
    avg_order_value: Money | None
    buyers: int | None
    product_impressions: int | None
    product_page_views: int | None
    avg_product_page_visitors: int | None
    refunds: Money | None
    cancellations_and_returns: int | None


@dataclass(frozen=True, slots=True)
class ShopPerformance:
    """The intervals asked for, and the last day whose figures are ready."""

    intervals: tuple[PerformanceInterval, ...]
    latest_available_date: date | None


def shop_performance(data: Node) -> ShopPerformance:
    return ShopPerformance(
        intervals=members(data.field("performance").field("intervals"), _interval),
        latest_available_date=data.get("latest_available_date", read.day_or_none),
    )


def _interval(interval: Node) -> PerformanceInterval:
    return PerformanceInterval(
        start_date=interval.get("start_date", read.day),
        end_date=interval.get("end_date", read.day),
        gmv=money_or_none(interval.field("gmv"), "amount"),
        orders=interval.get("orders", read.count_or_none),
        sku_orders=interval.get("sku_orders", read.count_or_none),
        units_sold=interval.get("units_sold", read.count_or_none),
        avg_order_value=money_or_none(interval.field("avg_order_value"), "amount"),
        buyers=interval.get("buyers", read.count_or_none),
        product_impressions=interval.get("product_impressions", read.count_or_none),
        product_page_views=interval.get("product_page_views", read.count_or_none),
        avg_product_page_visitors=interval.get("avg_product_page_visitors", read.count_or_none),
        refunds=money_or_none(interval.field("refunds"), "amount"),
        cancellations_and_returns=interval.get("cancellations_and_returns", read.count_or_none),
    )
