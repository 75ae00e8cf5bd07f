"""Tokens and shops."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from stores.marketplaces.core import Node

_REGION = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an authorization code or a refresh token brings. A refresh token serves once."""

    access_token: str = field(repr=False)
    access_token_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_token_expires_at: datetime
    open_id: str
    seller_name: str
    seller_base_region: str
    granted_scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShopPayload:
    """A shop that the seller has authorized. ``cipher`` names it in nearly every other call."""

    id: str
    name: str
    region: str
    seller_type: str
    cipher: str = field(repr=False)
    code: str


@dataclass(frozen=True, slots=True)
class ActiveShopPayload:
    """A shop of the seller that the marketplace holds to be active."""

    id: str
    region: str


def tokens(data: Node) -> Tokens:
    """Parse the answer to a code or a refresh token.

    The marketplace's ``*_expire_in`` are instants, whatever their name says.
    """
    return Tokens(
        access_token=data.field("access_token").text(longest=4096),
        access_token_expires_at=data.field("access_token_expire_in").moment(),
        refresh_token=data.field("refresh_token").text(longest=4096),
        refresh_token_expires_at=data.field("refresh_token_expire_in").moment(),
        open_id=data.field("open_id").text(),
        seller_name=data.field("seller_name").text_or_empty(),
        seller_base_region=data.field("seller_base_region").text_or_empty(),
        granted_scopes=tuple(
            scope.text() for scope in data.field("granted_scopes").items_or_none()
        ),
    )


def shops(data: Node) -> list[ShopPayload]:
    return [
        ShopPayload(
            id=shop.field("id").identifier(),
            name=shop.field("name").text(),
            region=shop.field("region").matching(_REGION, "a two-letter region"),
            seller_type=shop.field("seller_type").code(),
            cipher=shop.field("cipher").text(),
            code=shop.field("code").text_or_empty(),
        )
        for shop in data.field("shops").items()
    ]


def active_shops(data: Node) -> list[ActiveShopPayload]:
    return [
        ActiveShopPayload(
            id=shop.field("id").identifier(),
            region=shop.field("region").matching(_REGION, "a two-letter region"),
        )
        for shop in data.field("shops").items()
    ]
