"""Packages on their way."""

from dataclasses import dataclass, field
from datetime import datetime

from stores.marketplaces import read
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
        None if slot.is_absent else slot.get(name, read.moment_or_none)
        for name in ("start_time", "end_time")
    )
    return PackageDetail(
        package_id=data.get("package_id", read.identifier),
        package_status=data.get("package_status", read.code),
        create_time=data.get("create_time", read.moment),
        update_time=data.get("update_time", read.moment),
        order_ids=_order_ids(data),
        order_line_item_ids=_line_item_ids(data),
        split_and_combine_tag=data.get("split_and_combine_tag", read.code_or_none),
        shipping_type=data.get("shipping_type", read.code_or_none),
        handover_method=data.get("handover_method", read.code_or_none),
        pickup_slot_start_time=starts,
        pickup_slot_end_time=ends,
        tracking_number=data.get("tracking_number", read.text_or_empty),
        last_mile_tracking_number=data.get("last_mile_tracking_number", read.text_or_empty),
        shipping_provider_id=data.get("shipping_provider_id", read.identifier_or_none),
        shipping_provider_name=data.get("shipping_provider_name", read.words),
    )


def _package(package: Node) -> PackagePayload:
    return PackagePayload(
        id=package.get("id", read.identifier),
        status=package.get("status", read.code),
        create_time=package.get("create_time", read.moment),
        update_time=package.get("update_time", read.moment),
        order_ids=_order_ids(package),
        order_line_item_ids=_line_item_ids(package),
        tracking_number=package.get("tracking_number", read.text_or_empty),
        shipping_provider_id=package.get("shipping_provider_id", read.identifier_or_none),
        shipping_provider_name=package.get("shipping_provider_name", read.words),
    )


def _order_ids(package: Node) -> tuple[str, ...]:
    return members(package.field("orders"), lambda order: order.get("id", read.identifier))


def _line_item_ids(package: Node) -> tuple[str, ...]:
    return members_or_none(
        package.field("order_line_item_ids"), lambda id_: id_.read(read.identifier)
    )
