"""What helps against each kind of violation: the steps of the repair, the documents to show.

Data, not code: a rule of a rulebook names its play; what no play knows gets the general one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Play:
    """Steps of a remediation in order, and the documents that an appeal needs."""

    steps: Sequence[Promise]
    documents: Sequence[Promise]


_QUALIFICATION: Final = Play(
    steps=(
        _("List the products that need this qualification"),
        _("Ask the client for the valid certificate and check name, scope and date"),
        _("Upload the certificate in the seller centre"),
        _("Take products without a certificate off sale"),
        _("Note the day on which the certificate ends"),
    ),
    documents=(
        _("Certificate, whole and readable, with the seller's name"),
        _("Its number in the public register, as a link"),
        _("Listing as it stood when the violation was reported"),
    ),
)
_RIGHTS: Final = Play(
    steps=(
        _("Take the listing off sale"),
        _("Find every other listing with the same brand, picture or design"),
        _("Ask the client for the licence or the chain of invoices"),
        _("Change or remove what no paper covers"),
    ),
    documents=(
        _("Licence or letter of authorization of the rights' owner"),
        _("Invoices from the brand to the seller, the last 365 days"),
        _("Photos of the goods with label and batch"),
    ),
)
_LISTING: Final = Play(
    steps=(
        _("Compare title, pictures, sizes and category with the goods"),
        _("Mend the listing and keep a picture of before and after"),
        _("Look for the same mistake in the other listings of the store"),
    ),
    documents=(
        _("Listing as it stood when the violation was reported"),
        _("Photos of the goods beside a tape measure or scale"),
        _("The supplier's drawing or specification"),
    ),
)
_DISPATCH: Final = Play(
    steps=(
        _("Ship every order past its dispatch time today"),
        _("Find out where the orders stood still: stock, warehouse or carrier"),
        _("Set stock and handling time to what the warehouse can do"),
        _("Check the late dispatch rate again after three days"),
    ),
    documents=(
        _("List of the orders with their dispatch deadlines"),
        _("Carrier's scans or hand-over sheets"),
        _("Notice of the outage, strike or weather, where there was one"),
    ),
)
_SERVICE: Final = Play(
    steps=(
        _("Answer every conversation that is still open"),
        _("Read the conversations named in the notice and keep their numbers"),
        _("Set automatic first answers and cover for nights and holidays"),
        _("Check the response rate again after three days"),
    ),
    documents=(
        _("Conversations with times, buyers' names removed"),
        _("Duty list of the days concerned"),
    ),
)
_CONTENT: Final = Play(
    steps=(
        _("Take the video, live or promotion down"),
        _("Find out who published it, and whether it was an affiliate"),
        _("Look through what the same creator published in the last 30 days"),
        _("Go through the content rules with the creator"),
    ),
    documents=(
        _("Original file or rights to the material"),
        _("Agreement with the creator"),
        _("The promotion's terms as they were shown"),
    ),
)
GENERAL: Final = Play(
    steps=(
        _("Read the notice and name the cause"),
        _("Mend the cause in the seller centre"),
        _("Look for the same cause in the client's other stores"),
        _("Check after three days that it has not come back"),
    ),
    documents=(
        _("What the page, order or message looked like when it was reported"),
        _("What was changed, with the date"),
    ),
)

_PLAYS: Final = {
    "missing_qualification": _QUALIFICATION,
    "expired_qualification": _QUALIFICATION,
    "inauthentic_qualification": _QUALIFICATION,
    "ip_infringement": _RIGHTS,
    "counterfeit": _RIGHTS,
    "knock_off": _RIGHTS,
    "wrong_category": _LISTING,
    "prohibited_product": _LISTING,
    "unsupported_product": _LISTING,
    "listing_guideline": _LISTING,
    "sampling_inspection": _LISTING,
    "not_as_described": _LISTING,
    "high_return_rate": _LISTING,
    "high_cancellation_rate": _DISPATCH,
    "high_late_dispatch_rate": _DISPATCH,
    "low_response_rate": _SERVICE,
    "improper_communication": _SERVICE,
    "reproduced_content": _CONTENT,
    "promoting_prohibited": _CONTENT,
    "inconsistent_promotion": _CONTENT,
    # As Shopee names them.
    "counterfeit_or_ip": _RIGHTS,
    "mall_counterfeit": _RIGHTS,
    "caught_counterfeit": _RIGHTS,
    "misused_brand": _RIGHTS,
    "prohibited_listings": _LISTING,
    "spam_listings": _LISTING,
    "reuploaded_listings": _LISTING,
    "many_pre_orders": _LISTING,
    "shop_name": _LISTING,
    "copied_images": _CONTENT,
    "high_late_shipment_rate": _DISPATCH,
    "high_non_fulfilment_rate": _DISPATCH,
    "many_late_orders": _DISPATCH,
    "many_non_fulfilled_orders": _DISPATCH,
    "empty_parcels": _DISPATCH,
    "asked_to_cancel": _SERVICE,
    "return_policy": _SERVICE,
    "rude_chat": _SERVICE,
    "rude_review_reply": _SERVICE,
    "unanswered_chats": _SERVICE,
}


def play_for(rule: str) -> Play:
    """Return the play of a rulebook's rule, the general one for a rule that no play knows."""
    return _PLAYS.get(rule, GENERAL)
