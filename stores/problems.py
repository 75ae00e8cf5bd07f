"""What can stand between us and a store's marketplace, in the member's words, by code.

The rows keep the code, so that each reader gets her own language; no text of a marketplace and
no secret is kept.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TEXTS: Final[Mapping[str, Promise]] = MappingProxyType(
    {
        "refused": _(
            "The connection was refused on the marketplace's page. Connect again to retry."
        ),
        "code_spent": _("The marketplace no longer took the permission it gave us. Connect again."),
        "no_shop": _(
            "The marketplace named no shop for this seller. Sign in as the shop's main account."
        ),
        "other_shop": _(
            "The seller who agreed does not own the shop with this store's shop ID. What was agreed"
            " to still stands at the marketplace; the seller can withdraw it in the seller centre,"
            " in the list of authorized apps."
        ),
        "other_market": _(
            "The shop that was agreed to is in another market than this store. What was agreed to"
            " still stands at the marketplace; the seller can withdraw it in the seller centre, in"
            " the list of authorized apps."
        ),
        "store_elsewhere": _(
            "This shop is connected in another agency. To move it, disconnect it there, or withdraw"
            " the permission in the marketplace's seller centre, and connect again here."
        ),
        "same_shop_here": _("Another store of this agency is already connected to this shop."),
        "revoked": _("The marketplace no longer lets us in. Connect the store again."),
        "expired": _("The permission has run out. Connect the store again."),
        "renewal_lost": _(
            "Renewing the permission was interrupted, and the marketplace does not give it twice."
            " Connect the store again."
        ),
        "no_tokens": _("We hold no permission for this store any more. Connect the store again."),
        "not_authorized": _(
            "The permission does not cover this. Connect the store again, and agree to all that is"
            " asked for."
        ),
        "inactive": _(
            "The marketplace holds this store to be inactive and refuses our calls. Sign in to the"
            " seller centre, read its notices and make the store active again."
        ),
        "rate_limited": _("The marketplace asks for fewer calls. We go on by ourselves."),
        "down": _("The marketplace does not answer. We try again by ourselves."),
        "ours": _("The marketplace's answer was not understood. We have been told and are on it."),
        "clock": _(
            "The marketplace refuses our calls because our clock and its own are too far apart. The"
            " operator of this service has to set the server's clock right. We try again by"
            " ourselves."
        ),
        "app_refused": _(
            "The marketplace refuses our app's key, signature or address. The operator of this"
            " service has to check the app's key and secret and its list of allowed addresses. We"
            " try again by ourselves."
        ),
        "pushes_wait": _("The marketplace could not be asked yet. We try again by ourselves."),
        "pushes_refused": _(
            "The marketplace refuses to push to us. The operator of this service has to check the"
            " app's permissions, and that this service's address can be reached from outside."
        ),
        "disconnected": _(
            "Disconnected by a member. The permission itself still stands at the marketplace; the"
            " seller can withdraw it in the seller centre, in the list of authorized apps."
        ),
    }
)

# Those for which nothing of a store can be fetched, though it is connected.
OF_STORE: Final = frozenset({"inactive", "clock", "app_refused"})


# The same for the owner of a store who was sent a link, where she can do something about it.
_OWNER_TEXTS: Mapping[str, Promise] = MappingProxyType(
    {
        "refused": _("You did not agree on the marketplace's page. You can go there once more."),
        "code_spent": _("The marketplace took the permission back before we used it. Try again."),
        "no_shop": _(
            "The marketplace named no shop for the account you signed in with. Sign in there as"
            " the shop's main account."
        ),
        "other_shop": _(
            "The account you signed in with has another shop than the one that is asked for. Sign"
            " in as the main account of this shop."
        ),
        "other_market": _(
            "The shop you agreed to is in another market than the one that is asked for."
        ),
        "store_elsewhere": _(
            "This shop is connected by somebody else already. To change that, withdraw the"
            " permission in the marketplace's seller centre, then come back here."
        ),
        "same_shop_here": _(
            "This shop is connected already as another store. Tell whoever sent you the link."
        ),
    }
)
_OWNER_ELSE = _("This did not work. Try again later, or tell whoever sent you the link.")


def owner_text(code: str) -> Promise | str:
    """Return what a store's owner reads for ``code``; "" is no problem."""
    return _OWNER_TEXTS.get(code, _OWNER_ELSE) if code else ""


def text(code: str) -> Promise | str:
    """Return what a member reads for ``code``; an unknown code has no words."""
    return TEXTS.get(code, "")
