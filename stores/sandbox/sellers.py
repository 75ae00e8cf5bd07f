"""The calls that tell whose shops a token covers."""

from stores.sandbox.calls import Call, Refused, Routes


def authorized_shops(call: Call) -> object:
    if "shop_cipher" in dict(call.request.query):
        raise Refused(
            400,
            36009004,
            "Unexpected identifier. The `shop_cipher` query parameter is not required.",
        )
    return {
        "shops": [
            {
                "id": shop.id,
                "name": shop.name,
                "region": shop.region,
                "seller_type": shop.seller_type,
                "cipher": shop.cipher,
                "code": shop.code,
            }
            for shop in call.marketplace.shops.of_seller(call.open_id)
        ]
    }


def active_shops(call: Call) -> object:
    incidents = call.marketplace.state.incidents
    return {
        "shops": [
            {"id": shop.id, "region": shop.region}
            for shop in call.marketplace.shops.of_seller(call.open_id)
            if not incidents.first("inactive", [shop], call.now)
        ]
    }


ROUTES: Routes = {
    ("GET", "/authorization/202309/shops"): authorized_shops,
    ("GET", "/seller/202309/shops"): active_shops,
}
