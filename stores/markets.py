"""The markets (ISO 3166 countries) that stores are in, and the zone each marketplace counts in."""

from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import available_timezones

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_TABLE = (
    ("US", _("United States"), "America/Los_Angeles"),
    ("GB", _("United Kingdom"), "Europe/London"),
    ("VN", _("Vietnam"), "Asia/Ho_Chi_Minh"),
    ("TH", _("Thailand"), "Asia/Bangkok"),
    ("PH", _("Philippines"), "Asia/Manila"),
    ("SG", _("Singapore"), "Asia/Singapore"),
    ("MY", _("Malaysia"), "Asia/Kuala_Lumpur"),
    ("ID", _("Indonesia"), "Asia/Jakarta"),
    ("FR", _("France"), "Europe/Paris"),
    ("DE", _("Germany"), "Europe/Berlin"),
    ("ES", _("Spain"), "Europe/Madrid"),
    ("IT", _("Italy"), "Europe/Rome"),
    ("IE", _("Ireland"), "Europe/Dublin"),
    ("MX", _("Mexico"), "America/Mexico_City"),
    ("BR", _("Brazil"), "America/Sao_Paulo"),
    ("TW", _("Taiwan"), "Asia/Taipei"),
)

MARKETS: Mapping[str, Promise] = MappingProxyType({code: name for code, name, _zone in _TABLE})
ZONES: Mapping[str, str] = MappingProxyType({code: zone for code, _name, zone in _TABLE})

CURRENCIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("FR", "DE", "ES", "IT", "IE"), "EUR"),
        "US": "USD",
        "GB": "GBP",
        "VN": "VND",
        "TH": "THB",
        "PH": "PHP",
        "SG": "SGD",
        "MY": "MYR",
        "ID": "IDR",
        "MX": "MXN",
        "BR": "BRL",
        "TW": "TWD",
    }
)


# Where each marketplace has stores, by its own seller centres, as of 2026-11.
_SOUTH_EAST_ASIA = frozenset({"VN", "TH", "PH", "SG", "MY", "ID"})
MARKETS_OF: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "tiktok_shop": frozenset(MARKETS) - {"TW"},
        "shopee": _SOUTH_EAST_ASIA | {"TW", "BR", "MX"},
        "lazada": _SOUTH_EAST_ASIA,
    }
)


def is_zone(name: str) -> bool:
    return name in available_timezones()
