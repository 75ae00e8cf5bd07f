"""The API host: the gateway first, then the area that knows the path."""

import re
from itertools import chain

from stores.sandbox import (
    analytics,
    cancellations,
    chats,
    finance,
    orders,
    packages,
    products,
    returns,
    sellers,
    webhooks,
)
from stores.sandbox.calls import Call, Handler, Marketplace, Refused
from stores.sandbox.gateway import Gateway, broken, envelope, refusal
from stores.sandbox.web import Request, Response, as_json

AREAS = (
    sellers,
    orders,
    packages,
    cancellations,
    returns,
    products,
    finance,
    chats,
    analytics,
    webhooks,
)


class Api:
    """Answers the calls of the Open Platform."""

    def __init__(self, marketplace: Marketplace) -> None:
        self.marketplace = marketplace
        self.gateway = Gateway(marketplace)
        self._exact: dict[str, dict[str, Handler]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Handler]]] = []
        for (method, path), handler in chain.from_iterable(area.ROUTES.items() for area in AREAS):
            if "{id}" in path:
                pattern = re.compile(re.escape(path).replace(r"\{id\}", r"([0-9]{1,20})"))
                self._patterns.append((pattern, {method: handler}))
            else:
                self._exact.setdefault(path, {})[method] = handler

    def knows(self, path: str) -> bool:
        return self._route(path) is not None

    def __call__(self, request: Request) -> Response:
        settings = self.marketplace.settings
        if settings.delay_ms:
            settings.sleep(settings.delay_ms / 1000)
        outage = self.gateway.outage(self.gateway.shops_of(request))
        if outage is not None:
            return broken(settings, outage, lambda: self._answer(request))
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        settings = self.marketplace.settings
        route = self._route(request.path)
        assert route is not None
        by_method, thing = route
        # With a method that the path does not have, the gateway refuses by any that it has.
        method = request.method if request.method in by_method else next(iter(by_method))
        try:
            open_id = self.gateway.admit(request, method)
            call = Call(request, self.marketplace, open_id, settings.seconds(), thing)
            data = by_method[method](call)
        except Refused as refused:
            return refusal(settings, refused)
        return as_json(envelope(settings, data))

    def _route(self, path: str) -> tuple[dict[str, Handler], str] | None:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, ""
        for pattern, by_method in self._patterns:
            match = pattern.fullmatch(path)
            if match:
                return by_method, match[1]
        return None
