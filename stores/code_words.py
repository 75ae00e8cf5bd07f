"""The marketplaces' own codes in words; those we do not know are told as they are spelled."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_KNOWN: Final[Mapping[str, Promise]] = MappingProxyType(
    {
        # what the seller has to do
        "SELLER_RESPOND_CANCEL": _("answer the cancellation"),
        "SELLER_RESPOND_REFUND": _("answer the refund"),
        "SELLER_RESPOND_RETURN": _("answer the return"),
        "SELLER_RESPOND_REPLACEMENT": _("answer the replacement"),
        "SELLER_RESPOND_RECEIVE_PACKAGE": _("check the returned package"),
        # orders
        "UNPAID": _("Unpaid"),
        "ON_HOLD": _("On hold"),
        "AWAITING_SHIPMENT": _("Awaiting shipment"),
        "PARTIALLY_SHIPPING": _("Partly shipped"),
        "AWAITING_COLLECTION": _("Awaiting collection"),
        "IN_TRANSIT": _("In transit"),
        "DELIVERED": _("Delivered"),
        "COMPLETED": _("Completed"),
        "CANCELLED": _("Cancelled"),
        # products
        "ACTIVATE": _("On sale"),
        "PENDING": _("In review"),
        "AUDITING": _("In review"),
        "PLATFORM_DEACTIVATED": _("Taken off by the marketplace"),
        "SELLER_DEACTIVATED": _("Taken off by the seller"),
        "FREEZE": _("Frozen"),
        # money
        "PROCESSING": _("On its way"),
        "TRANSFER": _("Moved by the marketplace"),
    }
)


def words_for(code: str) -> str:
    """Return a code as words: RETURN_OR_REFUND, if not known, is "Return or refund"."""
    return str(_KNOWN.get(code, code.replace("_", " ").capitalize()))
