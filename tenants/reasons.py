"""Why work was set aside, in the reader's words."""

from types import MappingProxyType
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants import due

_REASONS: Final = MappingProxyType(
    {
        due.ENDED_ITS_PROCESS: gettext_lazy("It stopped the program that ran it, each time"),
        "SoftTimeLimitExceeded": gettext_lazy("It took too long"),
        "OperationalError": gettext_lazy("The database was not reached"),
        "InterfaceError": gettext_lazy("The database was not reached"),
        "MarketplaceDown": gettext_lazy("The marketplace did not answer"),
        "RateLimited": gettext_lazy("The marketplace took no more calls"),
        "SMTPException": gettext_lazy("The mail could not be sent"),
        "SMTPServerDisconnected": gettext_lazy("The mail could not be sent"),
        "ConnectionRefusedError": gettext_lazy("Another service was not reached"),
        "TimeoutError": gettext_lazy("Another service did not answer in time"),
    }
)


def reason_words(last_error: str) -> str:
    """Return why a row was set aside; a class of error that has no words by its name."""
    known = _REASONS.get(last_error)
    if known is not None:
        return str(known)
    return _("An error of ours: %(error)s") % {"error": last_error or "?"}
