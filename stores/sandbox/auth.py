"""The services host, where a seller agrees, and the auth host, which gives tokens."""

import hmac
from html import escape
from urllib.parse import urlencode

from stores.sandbox import gateway
from stores.sandbox.calls import Marketplace, Refused
from stores.sandbox.shops import Shop
from stores.sandbox.web import Request, Response, as_json, page, redirect

LONGEST_STATE = 512
SCOPES = [
    "seller.authorization.info",
    "seller.shop.info",
    "seller.order.info",
    "seller.fulfillment.basic",
    "seller.return_refund.basic",
    "seller.product.basic",
    "seller.finance.info",
    "seller.customer_service",
    "data.shop_analytics.public.read",
]


class Auth:
    """Consent and tokens."""

    def __init__(self, marketplace: Marketplace) -> None:
        self.settings = marketplace.settings
        self.state = marketplace.state
        self.shops = marketplace.shops

    # -- The consent page --------------------------------------------------------------------

    def authorize(self, request: Request) -> Response:
        given = request.form() if request.method == "POST" else dict(request.query)
        service, mark = given.get("service_id", ""), given.get("state", "")
        known = self.settings.service_id
        if not service or (known and service != known):
            return _no("This app is not known here: its service_id is missing or wrong.")
        if len(mark) > LONGEST_STATE:
            return _no("The state parameter is too long.")
        if request.method == "POST":
            return self._decided(given, mark)
        chosen = given.get("shop", self.shops.all[0].id)
        return page(
            "consent.html",
            title="Authorize an app",
            service_id=service,
            state=mark,
            shops_html="".join(
                _choice(shop, self.shops.of_seller(shop.open_id), is_chosen=shop.id == chosen)
                for shop in self.shops.all
            ),
        )

    def _decided(self, given: dict[str, str], mark: str) -> Response:
        decision, shop = given.get("decision"), self.shops.by_id.get(given.get("shop", ""))
        if decision == "refuse":
            return self._back({"error": "access_denied", "state": mark})
        if decision != "authorize" or shop is None:
            return _no("Choose a shop, then authorize or refuse.")
        code = self.state.issue_code(shop, self.settings.seconds())
        return self._back(
            {
                "app_key": self.settings.app_key,
                "code": code,
                "locale": "en",
                "shop_region": shop.region,
                "state": mark,
            }
        )

    def _back(self, parameters: dict[str, str]) -> Response:
        # Only ever to the app's own address: one from the query would give codes away.
        return redirect(f"{self.settings.redirect_url}?{urlencode(parameters)}")

    # -- Tokens ------------------------------------------------------------------------------

    def token(self, request: Request) -> Response:
        shops = self.shops.of_seller(self._holder(request))
        outage = self.state.incidents.first("outage", shops, self.settings.seconds())
        if outage is not None:
            return gateway.broken(self.settings, outage, lambda: self._token(request))
        return self._token(request)

    def _token(self, request: Request) -> Response:
        try:
            self._check_app(request)
            data = self._issue(self._spent(request))
        except Refused as refused:
            return gateway.refusal(self.settings, refused)
        return as_json(gateway.envelope(self.settings, data))

    def _holder(self, request: Request) -> str:
        """Return whose code or refresh token a call brings, spent or not; "" for nobody's."""
        code, token = request.parameter("auth_code"), request.parameter("refresh_token")
        grant = self.state.codes.get(code) or self.state.refresh.get(token)
        return grant.open_id if grant else ""

    def _spent(self, request: Request) -> str:
        """Use up the code or refresh token of ``request`` and return whose it was."""
        is_refresh = request.path.endswith("/refresh")
        name, kind = ("refresh_token", "refresh") if is_refresh else ("auth_code", "code")
        expected = "refresh_token" if is_refresh else "authorized_code"
        if request.parameter("grant_type") != expected:
            raise Refused(400, 36004001, f"Invalid grant type, expected {expected}.")
        now = self.settings.seconds()
        shops = self.shops.of_seller(self._holder(request))
        is_removed = is_refresh and self.state.incidents.first("revoked", shops, now)
        grant = None if is_removed else self.state.spend(kind, request.parameter(name), now)
        if grant is None:
            said = "Invalid refresh token." if is_refresh else "Invalid auth code."
            raise Refused(200, 36004004, said)
        return grant.open_id

    def _check_app(self, request: Request) -> None:
        if request.method != "GET":
            raise Refused(405, 36009010, "Invalid method.")
        secret = request.parameter("app_secret").encode()
        is_ours = hmac.compare_digest(secret, self.settings.app_secret.encode())
        if request.parameter("app_key") != self.settings.app_key or not is_ours:
            raise Refused(200, 36004002, "Invalid credentials. Invalid app_key or app_secret.")

    def _issue(self, open_id: str) -> dict[str, object]:
        now = self.settings.seconds()
        access_until = now + self.settings.access_seconds
        refresh_until = now + self.settings.refresh_seconds
        access, refresh = self.state.issue_tokens(open_id, access_until, refresh_until)
        first = self.shops.of_seller(open_id)[0]
        return {
            "access_token": access,
            "access_token_expire_in": access_until,
            "refresh_token": refresh,
            "refresh_token_expire_in": refresh_until,
            "open_id": open_id,
            "seller_name": first.seller,
            "seller_base_region": first.region if first.seller_type == "LOCAL" else "CN",
            "user_type": 0,
            "granted_scopes": SCOPES,
        }


def _choice(shop: Shop, siblings: list[Shop], *, is_chosen: bool) -> str:
    shared = f" · one of {len(siblings)} shops of this seller" if len(siblings) > 1 else ""
    return (
        f'<label class="choice"><input type="radio" name="shop" value="{shop.id}"'
        f'{" checked" if is_chosen else ""}> <span class="region">{shop.region}</span> '
        f"<span><strong>{escape(shop.name)}</strong><br>"
        f"<small>{escape(shop.seller)} · {shop.id}{shared}</small></span></label>"
    )


def _no(reason: str) -> Response:
    return page("refused.html", 400, title="This cannot be authorized", reason=reason)
