"""What the actions of the trail are called.

Each room says its own words in ``AppConfig.ready()``, such as
``words.say({"violation.recorded": _("Violation recorded")})``.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_said: dict[str, str | Promise] = {
    "invitation.sent": _("Invitation sent"),
    "invitation.revoked": _("Invitation taken back"),
    "member.joined": _("Member joined"),
    "member.changed": _("Role or stores of a member changed"),
    "member.deactivated": _("Member shut out"),
    "member.reactivated": _("Member let in again"),
    "agency.changed": _("Agency changed"),
    "apikey.made": _("API key made"),
    "apikey.revoked": _("API key revoked"),
}


def say(words: Mapping[str, str | Promise]) -> None:
    _said.update(words)


def action_words(action: str) -> str:
    """Return the action in the reader's language; one without words as its code reads."""
    known = _said.get(action)
    return str(known) if known else action.replace(".", " ").replace("_", " ").capitalize()
