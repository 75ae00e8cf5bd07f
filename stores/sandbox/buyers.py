"""Buyers, who do not exist: all that would be personal is marked CANARY.

A test can so look for the mark anywhere a buyer's data must not go.
"""

import hashlib

from stores.sandbox.shops import Shop

CANARY = "CANARY"


def mark(of: str) -> str:
    """Return six letters that tell the buyer of an order or a conversation apart."""
    return hashlib.sha256(of.encode()).hexdigest()[:6].upper()


def user_id(of: str) -> str:
    return f"CANARY-user-{mark(of)}"


def nickname(of: str) -> str:
    return f"CANARY Nick {mark(of)}"


def email(of: str) -> str:
    return f"CANARY.{mark(of)}@chat.seller.sandbox.test"


def words(of: str, kind: str, text: str) -> str:
    """Return what a buyer wrote: a ``kind`` of text, recognisably hers."""
    return f"CANARY {kind} {mark(of)}: {text}"


def picture(of: str, kind: str) -> str:
    return f"https://images.sandbox.test/CANARY-{kind}-{mark(of)}.jpg"


def address(of: str, shop: Shop) -> dict[str, str]:
    """Return name, telephone and address, as packages have them."""
    her = mark(of)
    return {
        "name": f"CANARY Name {her}",
        "phone_number": f"({shop.market.dialling})CANARY-{her}",
        "full_address": f"CANARY Street {her}, Sandbox City",
        "address_detail": f"CANARY Detail {her}",
        "address_line1": f"CANARY Line 1 {her}",
        "address_line2": f"CANARY Line 2 {her}",
        "address_line3": "",
        "address_line4": "",
        "postal_code": f"CANARY{her}",
        "region_code": shop.region,
    }


def recipient(of: str, shop: Shop) -> dict[str, object]:
    """Return the recipient of an order, who is told of in more words than a package's."""
    her = mark(of)
    return {
        **address(of, shop),
        "first_name": f"CANARY First {her}",
        "last_name": f"CANARY Last {her}",
        "first_name_local_script": f"CANARY Local {her}",
        "last_name_local_script": f"CANARY Script {her}",
        "post_town": f"CANARY Town {her}",
        "district_info": [
            {"address_level_name": "Country", "address_name": shop.region, "address_level": "L0"},
            {
                "address_level_name": "City",
                "address_name": f"CANARY City {her}",
                "address_level": "L2",
            },
        ],
        "delivery_preferences": {"drop_off_location": f"CANARY Door {her}"},
    }
