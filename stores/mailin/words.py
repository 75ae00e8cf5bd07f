"""The words for what mail-in found, for the pages; the codes are what is stored."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, str | Promise] = {
    # why a mail is or is not trusted
    "marketplace_signature": _("Carries the marketplace's own valid signature."),
    "original_signature": _("The attached original carries the marketplace's own valid signature."),
    "provider_seal": _(
        "A mailbox provider saw the marketplace's valid signature and sealed its word for it."
    ),
    "sender_signature": _("Carries the valid signature of its sender's domain."),
    "provider_stranger": _(
        "It reads like a mailbox provider's mail, but was not sent from the provider's address."
    ),
    "provider_unproven": _("It names the provider as its sender, and no signature proves it."),
    "pasted": _("Pasted by a member of your agency."),
    "known_forwarder": _("Forwarded by an address your agency has confirmed."),
    "original_unproven": _("The forwarded original cannot be proven."),
    "original_unknown": _("The mail does not show who wrote the original."),
    "original_from_elsewhere": _("The forwarded original was not sent by a marketplace."),
    "route_not_secret": _("It did not come to one of your secret addresses."),
    "signature_missing": _("It claims to come from the marketplace but carries no signature."),
    "signature_broken": _("Its signature does not fit: the mail was changed or forged."),
    "signature_partial": _("Its signature leaves parts of the mail open to change."),
    "signature_expired": _("Its signature was valid for a time that is over."),
    "signature_of_another": _("It is signed, but not by the domain it claims to come from."),
    "signature_unchecked": _("The signing keys could not be looked up; it will be checked again."),
    "too_odd_to_check": _("The mail is built in a way that its signature cannot be relied on."),
    "seal_broken": _("The seals of those who passed it on do not hold."),
    "seal_of_unknown": _("It was sealed on the way by somebody whose word does not count."),
    "seal_silent": _("The provider that passed it on did not see a valid signature either."),
    "seal_unchecked": _("The keys of its seals could not be looked up; it will be checked again."),
    "lookalike_domain": _("The sender's domain only looks like the marketplace's."),
    "lookalike_link": _("It links to a domain that only looks like the marketplace's."),
    "lookalike_reply": _("Answers would go to a domain that only looks like the marketplace's."),
    "name_pretends": _("The sender's name says marketplace, the address says otherwise."),
    "sender_missing": _("The mail names no sender."),
    "several_senders": _("It names more than one sender."),
    "unknown_sender": _("Neither a marketplace nor an address your agency has confirmed."),
    # why a notice waits for a person
    "unrecognised": _("No known kind of notice."),
    "other_kind": _("A notice of a kind that a person reads."),
    "damaged": _("The mail arrived damaged, so parts of it may be missing."),
    "too_long": _("Longer than any notice."),
    "contradictory": _("It says two different things about the same fact."),
    "parts_differ": _("Its plain text and its formatted text say different things."),
    "number_doubtful": _("It holds a number that cannot be read beyond doubt."),
    "date_unclear": _("It holds a date that could be two days."),
    "date_implausible": _("It holds a date that cannot be right."),
    "state_unclear": _("It does not say clearly whether the points are taken already."),
    "reference_missing": _("It gives no violation reference."),
    "outcome_unclear": _("It does not say clearly how the appeal ended."),
    "store_unclear": _("It does not say beyond doubt which of your stores is meant."),
    "other_store": _("It names another store than the one whose address it came to."),
    "reference_unknown": _("We know no violation of this reference at the store."),
    "reference_elsewhere": _("Another store has a violation of this reference."),
    "maybe_known": _("Without a reference it may be a violation that is known already."),
    "pasted_before": _("The same was pasted before: known, nothing new."),
    "currency_differs": _("It names another currency than the store's."),
    "points_differ": _("It gives back more points than were taken."),
    "refused": _("What it says cannot be true of this store."),
    # what was assumed while reading
    "rule_missing": _("It names no rule."),
    "rule_unknown": _("It names a rule that we do not know."),
    "end_missing": _("It does not say when this ends."),
    "points_missing": _("It does not say how many points."),
    "zone_assumed": _("A time had no zone; the store's was taken."),
    "time_not_stated": _("A day had no time."),
    "counted_from_notice": _("A deadline was counted in days from the notice."),
    "taken_from_mail": _("The time is when the mail was sent."),
    "taken_from_arrival": _("The time is when the mail reached us."),
    # what was wrong with the mail as it came
    "unreadable": _("The mail could not be read."),
    "truncated": _("The mail was cut off."),
    "too_many_parts": _("The mail has more parts than any honest one."),
    "letters_lost": _("Some letters could not be read."),
    "no_text": _("The mail holds no text."),
    "text_cut": _("The text was longer than we keep."),
    "no_date": _("The mail gives no date."),
    "doubled_header": _("The mail states sender, subject or date twice."),
    "no_sender": _("The mail names no sender."),
}


def explain(code: str) -> str:
    """Return ``code``, or ``code:field``, as a sentence in the reader's language."""
    name, _colon, about = code.partition(":")
    words = WORDS.get(name)
    if words is None:
        return code
    if not about:
        return str(words)
    return gettext("%(sentence)s (%(about)s)") % {"sentence": words, "about": about}
