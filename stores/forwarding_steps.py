"""What a person does at each mailbox provider so that it forwards, step by step."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from stores.mailin import providers

_TEST: Final = _("Send a test mail from this page and see it come back.")
STEPS: Final[Mapping[str, Sequence[str | Promise]]] = {
    "gmail": (
        _("In Gmail on a computer open Settings, See all settings, Forwarding and POP/IMAP."),
        _("Choose Add a forwarding address and give it the address above."),
        _("Gmail writes here. Type the code that appears on this page into Gmail."),
        _(
            "Choose Forward a copy of incoming mail, keep Gmail's copy in the inbox, and save."
            " Or make a filter for the marketplace's mails that forwards them."
        ),
        _TEST,
    ),
    "outlook": (
        _("In Outlook on the web open Settings, Mail, Forwarding."),
        _("Turn forwarding on, give it the address above, tick Keep a copy, and save."),
        _("If Outlook asks for a code that it sent to the address, it appears on this page."),
        _("In a company's mailbox an administrator may first have to allow forwarding outside."),
        _TEST,
    ),
    "qq": (
        _("In QQ Mail open Settings, Inbox rules (收信规则), and make a rule."),
        _("Let it forward to (自动转发到) the address above, and save."),
        _("QQ writes here. Confirm with the code or link that appears on this page."),
        _("Keep a copy in QQ Mail, and let the rule stand for all mails of the marketplace."),
        _TEST,
    ),
    "netease": (
        _("In NetEase mail open Settings, General, Automatic reply/forwarding (自动回复/转发)."),
        _("Turn forwarding on, give it the address above, and keep a copy in the mailbox."),
        _("NetEase writes here. Confirm with the code or link that appears on this page."),
        _("Save the settings once more after the code was taken."),
        _TEST,
    ),
    providers.OTHER: (
        _("Look for forwarding in your mailbox's settings, or make a rule that forwards."),
        _(
            "Where there is a choice, let it redirect the mail, or forward it as an attachment:"
            " then the marketplace's signature stays whole."
        ),
        _("If your provider writes here first, its mail appears on this page or in the notices."),
        _("If only forwarding by hand is possible, add the mailbox under Who may forward."),
        _TEST,
    ),
}


def tabs() -> list[tuple[str, str | Promise]]:
    """Return code and name of each provider, in the order in which they are offered."""
    names = {one.code: one.name for one in providers.providers()}
    return [(code, names.get(code) or _("Another")) for code in STEPS]
