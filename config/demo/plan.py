"""What the demo agency looks like: people, clients, stores and what happened to each.

Days are counted back from the day the demo is loaded, so that it is never out of date.
"""

from dataclasses import dataclass
from typing import Final

NAME: Final = "Harbourline"
SLUG: Final = "harbourline"

# Name, address before the @, role, and for a listed scope the clients it reaches.
PEOPLE: Final = (
    ("Maya Chen", "maya", "owner", ()),
    ("Daniel Reyes", "daniel", "admin", ()),
    ("Linh Tran", "linh", "lead", ()),
    ("Sofia Ramos", "sofia", "specialist", ("Evergreen Brands",)),
    ("Somchai Prasert", "somchai", "specialist", ("Mekong Living", "Island Retail")),
    ("Ruth Okafor", "ruth", "auditor", ()),
    ("Peter Evergreen", "peter", "client", ("Evergreen Brands",)),
)
OWNER_EMAIL: Final = "maya@harbourline.example"


@dataclass(frozen=True, slots=True)
class Breach:
    """A violation: days ago, rule, points taken (<= 0; None: not stated), what it was about."""

    days: int
    rule: str
    points: int | None
    subject: str = ""
    state: str = "enforced"


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    market: str
    client: str
    owner: str
    shop_id: str
    shop_name: str = ""  # what the marketplace calls it, where that was not asked of it anew
    breaches: tuple[Breach, ...] = ()
    bonuses: tuple[tuple[int, int], ...] = ()  # days ago, points
    connection: str = "live"  # "live", "revoked", "inactive" or "none"
    sees_platform: bool = True  # whether the marketplace's own rating has been told
    drift: int = 0  # what the marketplace shows besides


_WEEKLY = tuple((days, 4) for days in range(6, 175, 14))

STORES: Final = (
    Plan(
        "Fernwood Kitchen",
        "US",
        "Evergreen Brands",
        "sofia",
        "7495000000000000101",
        breaches=(
            Breach(168, "ip_infringement", -16, "Brand complaint, 2 listings"),
            Breach(121, "listing_guideline", -12, "Missing size chart"),
            Breach(74, "high_late_dispatch_rate", -8, "6.2 %, limit 4 %"),
            Breach(33, "high_late_dispatch_rate", -10, "9.8 %, limit 4 %"),
            Breach(12, "not_as_described", -18, "Pan set, wrong colour"),
            Breach(4, "counterfeit", -24, "Knife block, 1 listing removed"),
            Breach(1, "wrong_category", -6, "Cutting board", state="pending"),
        ),
        bonuses=_WEEKLY[:10],
        drift=-4,
    ),
    Plan(
        "Glowry Skin",
        "US",
        "Evergreen Brands",
        "sofia",
        "7495000000000000102",
        breaches=(
            Breach(110, "expired_qualification", -18, "Cosmetics filing"),
            Breach(41, "improper_communication", -12, "Contact outside the platform"),
            Breach(20, "inconsistent_promotion", -24, "Live stream of 1 Nov"),
            Breach(9, "prohibited_product", -36, "Peeling solution"),
            Breach(3, "listing_guideline", -6, "Before and after picture"),
        ),
    ),
    Plan(
        "Trailbeam Outdoor",
        "US",
        "Evergreen Brands",
        "linh",
        "7495000000000000103",
        breaches=(Breach(95, "high_late_dispatch_rate", -8, "5.1 %, limit 4 %"),),
        bonuses=_WEEKLY,
    ),
    Plan(
        "Nhà Mây Decor",
        "VN",
        "Mekong Living",
        "somchai",
        "7495000000000000201",
        breaches=(
            Breach(46, "not_as_described", -12, "Đèn mây treo trần, 3 orders"),
            Breach(31, "listing_guideline", -4, "Missing measurements"),
            Breach(15, "high_late_dispatch_rate", -4, "7.9 %, limit 4 %"),
            Breach(5, "high_cancellation_rate", -2, "3.1 %, limit 2.5 %"),
        ),
        bonuses=((24, 4),),
    ),
    Plan(
        "Cốm Xanh Beauty",
        "VN",
        "Mekong Living",
        "somchai",
        "7495000000000000202",
        bonuses=((40, 4), (26, 4), (12, 4)),
    ),
    Plan(
        "Lúa Mới Home",
        "VN",
        "Mekong Living",
        "somchai",
        "7495000000000000203",
        breaches=(
            Breach(52, "counterfeit", -24, "Ceramic set of a registered brand"),
            Breach(30, "ip_infringement", -12, "Pattern complaint"),
            Breach(8, "prohibited_product", -12, "Battery without certificate"),
        ),
    ),
    Plan(
        "Malee Beauty",
        "TH",
        "Mekong Living",
        "linh",
        "7495000000000000301",
        shop_name="Siam Bloom Skincare",
        breaches=(Breach(28, "low_response_rate", -1, "Under 85 % in 12 h"),),
        bonuses=((33, 4), (19, 4)),
        connection="revoked",
    ),
    Plan(
        "Chang Noi Toys",
        "TH",
        "Island Retail",
        "somchai",
        "7495000000000000302",
        breaches=(Breach(60, "missing_qualification", -6, "Toy safety certificate"),),
        bonuses=((47, 4), (33, 4)),
    ),
    Plan(
        "Baan Suan Tea",
        "TH",
        "Island Retail",
        "somchai",
        "7495000000000000303",
        shop_name="Lanna Living",
        connection="inactive",
    ),
    Plan(
        "Manila Gadget Hub",
        "PH",
        "Island Retail",
        "somchai",
        "7495000000000000401",
        breaches=(
            Breach(70, "unsupported_product", -8, "Used telephones"),
            Breach(35, "not_as_described", -12, "Power bank capacity"),
            Breach(13, "high_late_dispatch_rate", -4, "8.8 %, limit 4 %"),
            Breach(2, "listing_guideline", -9, "Price in the picture"),
        ),
    ),
    Plan(
        "Bahay Kubo Home",
        "PH",
        "Island Retail",
        "somchai",
        "7495000000000000402",
        bonuses=((20, 4),),
    ),
    Plan(
        "Tindahan ni Luz",
        "PH",
        "Island Retail",
        "somchai",
        "7495000000000000403",
        connection="none",
        sees_platform=False,
    ),
)
