"""What this room's acts are called in the audit trail."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    "ledger.adjustment": _("Adjustment written"),
    "ledger.bonus": _("Bonus written"),
    "ledger.deduction": _("Deduction written"),
    "ledger.reversal": _("Points given back"),
    "platform_rating.recorded": _("Platform rating recorded"),
}
