"""The markets (ISO 3166 countries) that stores are in, and the zone each marketplace counts in."""

from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import available_timezones

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_TABLE = (
    ("US", _("United States"), "America/Los_Angeles", "USD"),
    ("GB", _("United Kingdom"), "Europe/London", "GBP"),
    ("VN", _("Vietnam"), "Asia/Ho_Chi_Minh", "VND"),
    ("TH", _("Thailand"), "Asia/Bangkok", "THB"),
    ("PH", _("Philippines"), "Asia/Manila", "PHP"),
    ("SG", _("Singapore"), "Asia/Singapore", "SGD"),
    ("MY", _("Malaysia"), "Asia/Kuala_Lumpur", "MYR"),
    ("ID", _("Indonesia"), "Asia/Jakarta", "IDR"),
    ("FR", _("France"), "Europe/Paris", "EUR"),
    ("DE", _("Germany"), "Europe/Berlin", "EUR"),
    ("ES", _("Spain"), "Europe/Madrid", "EUR"),
    ("IT", _("Italy"), "Europe/Rome", "EUR"),
    ("IE", _("Ireland"), "Europe/Dublin", "EUR"),
    ("MX", _("Mexico"), "America/Mexico_City", "MXN"),
    ("BR", _("Brazil"), "America/Sao_Paulo", "BRL"),
    ("TW", _("Taiwan"), "Asia/Taipei", "TWD"),
)

MARKETS: Mapping[str, Promise] = MappingProxyType({code: name for code, name, *_more in _TABLE})
ZONES: Mapping[str, str] = MappingProxyType({code: zone for code, _name, zone, _money in _TABLE})
CURRENCIES: Mapping[str, str] = MappingProxyType(
    {code: money for code, _name, _zone, money in _TABLE}
)
DOLLARS = frozenset({"USD", "SGD", "MXN", "TWD"})  # each is "$" at home

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
