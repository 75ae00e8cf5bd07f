"""Packages on their way."""

from dataclasses import dataclass, field
from datetime import datetime

from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import members, members_or_none, page_of


@dataclass(frozen=True, slots=True)
class PackagePayload:
    """A package as a search tells it. Fields keep the marketplace's names."""

    id: str
    status: str
    create_time: datetime
    update_time: datetime
    order_ids: tuple[str, ...]
    order_line_item_ids: tuple[str, ...]
    tracking_number: str
    shipping_provider_id: str | None
    shipping_provider_name: str


@dataclass(frozen=True, slots=True)
class PackagePage:
    """One page of a search. ``next_page_token`` is None on the last; ``total`` counts all pages."""

    packages: tuple[PackagePayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


@dataclass(frozen=True, slots=True)
class PackageDetail:
    """A package with how and when it is handed over; neither sender nor recipient."""

    package_id: str
    package_status: str
    create_time: datetime
    update_time: datetime
    order_ids: tuple[str, ...]
    order_line_item_ids: tuple[str, ...]
    split_and_combine_tag: str | None
    shipping_type: str | None
    handover_method: str | None
    pickup_slot_start_time: datetime | None
    pickup_slot_end_time: datetime | None
    tracking_number: str
    last_mile_tracking_number: str
    shipping_provider_id: str | None
    shipping_provider_name: str


def package_page(data: Node) -> PackagePage:
    return PackagePage(*page_of(data, "packages", _package))


def package(data: Node) -> PackageDetail:
    slot = data.field("pickup_slot")
    starts, ends = (
        None if slot.is_absent else slot.field(name).moment_or_none()
        for name in ("start_time", "end_time")
    )
    return PackageDetail(
        package_id=data.field("package_id").identifier(),
        package_status=data.field("package_status").code(),
        create_time=data.field("create_time").moment(),
        update_time=data.field("update_time").moment(),
        order_ids=_order_ids(data),
        order_line_item_ids=_line_item_ids(data),
        split_and_combine_tag=data.field("split_and_combine_tag").code_or_none(),
        shipping_type=data.field("shipping_type").code_or_none(),
        handover_method=data.field("handover_method").code_or_none(),
        pickup_slot_start_time=starts,
        pickup_slot_end_time=ends,
        tracking_number=data.field("tracking_number").text_or_empty(),
        last_mile_tracking_number=data.field("last_mile_tracking_number").text_or_empty(),
        shipping_provider_id=data.field("shipping_provider_id").identifier_or_none(),
        shipping_provider_name=data.field("shipping_provider_name").words(),
    )


def _package(package: Node) -> PackagePayload:
    return PackagePayload(
        id=package.field("id").identifier(),
        status=package.field("status").code(),
        create_time=package.field("create_time").moment(),
        update_time=package.field("update_time").moment(),
        order_ids=_order_ids(package),
        order_line_item_ids=_line_item_ids(package),
        tracking_number=package.field("tracking_number").text_or_empty(),
        shipping_provider_id=package.field("shipping_provider_id").identifier_or_none(),
        shipping_provider_name=package.field("shipping_provider_name").words(),
    )


def _order_ids(package: Node) -> tuple[str, ...]:
    return members(package.field("orders"), lambda order: order.field("id").identifier())


def _line_item_ids(package: Node) -> tuple[str, ...]:
    return members_or_none(package.field("order_line_item_ids"), lambda id_: id_.identifier())
