"""What the types of pushes are about, in words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Those of TikTok Shop that lead to something; the rest is told by its number.
_TYPES: Final[Mapping[str, Promise]] = MappingProxyType(
    {
        "1": gettext_lazy("Order status"),
        "2": gettext_lazy("Cancellation or return"),
        "3": gettext_lazy("Recipient's address"),
        "4": gettext_lazy("Packages"),
        "5": gettext_lazy("Product status"),
        "6": gettext_lazy("Authorization withdrawn"),
        "7": gettext_lazy("Authorization ends soon"),
        "11": gettext_lazy("Cancellation"),
        "12": gettext_lazy("Return or refund"),
        "13": gettext_lazy("New conversation"),
        "14": gettext_lazy("New message"),
        "15": gettext_lazy("Product information"),
        "16": gettext_lazy("New product"),
        "18": gettext_lazy("Product category"),
        "24": gettext_lazy("Stock"),
        "27": gettext_lazy("Stock"),
        "36": gettext_lazy("Invoice"),
        "37": gettext_lazy("Product audit"),
        "42": gettext_lazy("Combined listing"),
        "50": gettext_lazy("SKU status"),
        "64": gettext_lazy("After-sale request"),
        "65": gettext_lazy("Return or refund"),
        "67": gettext_lazy("Refund"),
        "71": gettext_lazy("Stock"),
    }
)


def about(push_type: str) -> str:
    """Return what a push of this type is about."""
    words = _TYPES.get(push_type)
    return str(words) if words else _("Type %(type)s") % {"type": push_type}
