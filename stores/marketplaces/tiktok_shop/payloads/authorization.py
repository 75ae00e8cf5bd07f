"""Tokens and shops."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from stores.marketplaces import read
from stores.marketplaces.core import Node

_region: Final = read.matching(r"[A-Z]{2}", "a two-letter region")


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
        access_token=data.get("access_token", _token),
        access_token_expires_at=data.get("access_token_expire_in", read.moment),
        refresh_token=data.get("refresh_token", _token),
        refresh_token_expires_at=data.get("refresh_token_expire_in", read.moment),
        open_id=data.get("open_id", read.text),
        seller_name=data.get("seller_name", read.text_or_empty),
        seller_base_region=data.get("seller_base_region", read.text_or_empty),
        granted_scopes=tuple(
            scope.read(read.text) for scope in data.field("granted_scopes").items_or_none()
        ),
    )


def shops(data: Node) -> list[ShopPayload]:
    return [
        ShopPayload(
            id=shop.get("id", read.identifier),
            name=shop.get("name", read.text),
            region=shop.get("region", _region),
            seller_type=shop.get("seller_type", read.code),
            cipher=shop.get("cipher", read.text),
            code=shop.get("code", read.text_or_empty),
        )
        for shop in data.field("shops").items()
    ]


def active_shops(data: Node) -> list[ActiveShopPayload]:
    return [
        ActiveShopPayload(
            id=shop.get("id", read.identifier),
            region=shop.get("region", _region),
        )
        for shop in data.field("shops").items()
    ]


def _token(value: object) -> str:
    return read.text(value, longest=4096)
