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
        # how cases of buyers stand
        "CANCEL": _("Cancellation"),
        "BUYER_CANCEL": _("Cancelled by the buyer"),
        "REFUND": _("Refund"),
        "RETURN_AND_REFUND": _("Return and refund"),
        "REPLACEMENT": _("Replacement"),
        "PARTIAL_REFUND": _("Part refunded"),
        "CANCELLATION_REQUEST_PENDING": _("Cancellation asked for"),
        "CANCELLATION_REQUEST_SUCCESS": _("Cancellation agreed to"),
        "CANCELLATION_REQUEST_CANCELLED": _("Cancellation taken back"),
        "CANCELLATION_REQUEST_COMPLETE": _("Cancelled"),
        "RETURN_OR_REFUND_REQUEST_PENDING": _("Return or refund asked for"),
        "REFUND_OR_RETURN_REQUEST_REJECT": _("Return or refund declined"),
        "RETURN_OR_REFUND_REQUEST_SUCCESS": _("Return or refund agreed to"),
        "RETURN_OR_REFUND_REQUEST_CANCEL": _("Return or refund taken back"),
        "RETURN_OR_REFUND_REQUEST_COMPLETE": _("Return or refund done"),
        "AWAITING_BUYER_SHIP": _("Waits for the buyer to send it back"),
        "BUYER_SHIPPED_ITEM": _("Sent back by the buyer"),
        "REJECT_RECEIVE_PACKAGE": _("Returned package declined"),
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
        "DRAFT": _("Draft"),
        "FAILED": _("Failed"),
        "APPROVED": _("Approved"),
        "PRE_APPROVED": _("Approved so far"),
        "DELETED": _("Deleted"),
        "ACTIVATE": _("On sale"),
        "PENDING": _("In review"),
        "AUDITING": _("In review"),
        "PLATFORM_DEACTIVATED": _("Taken off by the marketplace"),
        "SELLER_DEACTIVATED": _("Taken off by the seller"),
        "FREEZE": _("Frozen"),
        # money
        "PROCESSING": _("On its way"),
        "TRANSFER": _("Moved by the marketplace"),
        "WITHDRAW": _("Withdrawal"),
        "SETTLE": _("Settlement"),
        "REVERSE": _("Returned withdrawal"),
        "PAID": _("Paid"),
        "SUCCESS": _("Success"),
        "ORDER": _("Order"),
    }
)


def words_for(code: str) -> str:
    """Return a code as words: RETURN_OR_REFUND, if not known, is "Return or refund"."""
    return str(_KNOWN.get(code, code.replace("_", " ").capitalize()))
