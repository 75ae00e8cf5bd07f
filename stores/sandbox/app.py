"""The sandbox as one WSGI app, standing for the API host, the auth host and the services host."""

import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from stores.sandbox import mail, pushes
from stores.sandbox.api import Api
from stores.sandbox.auth import Auth
from stores.sandbox.calls import Marketplace, Refused
from stores.sandbox.control import Control
from stores.sandbox.gateway import refusal
from stores.sandbox.settings import (
    APP_KEY,
    APP_SECRET,
    REDIRECT_URL,
    Settings,
    from_environment,
    wall_clock,
)
from stores.sandbox.shops import Directory
from stores.sandbox.state import State
from stores.sandbox.web import Request, Response, StartResponse, WSGIApp, as_json, redirect


class Sandbox:
    """Sends each request to the part that answers it."""

    def __init__(
        self,
        settings: Settings,
        deliver: mail.Deliver | None = None,
        post: pushes.Post = pushes.over_http,
    ) -> None:
        self.settings = settings
        self.state = State(settings.state_file)
        shops = Directory(settings.more_shops)
        if settings.has_demo_codes:
            self.state.issue_demo_codes(shops.all)
        marketplace = Marketplace(settings, self.state, shops)
        self._api = Api(marketplace)
        self._auth = Auth(marketplace)
        self._pusher = pushes.Pusher(marketplace, post)
        deliver = deliver or mail.over_smtp(settings.mail_host, settings.mail_port)
        self._control = Control(marketplace, self._pusher, deliver)
        self._pages: dict[str, Callable[[Request], Response]] = {
            "/": lambda _: redirect("/control"),
            "/healthz": lambda _: as_json({"ok": True}),
            "/control": self._control,
            "/dkim.json": lambda _: as_json(self.mail_keys()),
            "/open/authorize": self._auth.authorize,
            "/api/v2/token/get": self._auth.token,
            "/api/v2/token/refresh": self._auth.token,
        }

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request.read(environ)).send(start_response)

    def tick(self) -> None:
        """Send what is due: events to the app, mails of a wave. Called every few seconds."""
        self._pusher.tick()
        self._control.tick()

    def mail_keys(self) -> dict[str, str]:
        """Return the public keys of the sandbox's mail, as the domain name system would."""
        return mail.dns_records(self.state.key_for_mail(mail.new_key))

    def publish_mail_keys(self) -> None:
        """Write the keys where a receiver in development looks for them."""
        file = self.settings.mail_keys_file
        if file is not None:
            fresh = file.with_suffix(".new")
            fresh.write_text(json.dumps(self.mail_keys()), encoding="utf-8")
            fresh.replace(file)

    def _answer(self, request: Request) -> Response:
        answer = self._pages.get(request.path)
        if answer is None and request.path.startswith("/control/"):
            answer = self._control
        if answer is None and self._api.knows(request.path):
            answer = self._api
        if answer is None:
            return refusal(self.settings, Refused(404, 36009009, "Invalid path."))
        return answer(request)


def make_app(
    seed: str | int,
    now: Callable[[], datetime] = wall_clock,
    *,
    app_key: str = APP_KEY,
    app_secret: str = APP_SECRET,
    redirect_url: str = REDIRECT_URL,
    deliver: mail.Deliver | None = None,
    post: pushes.Post = pushes.over_http,
    **settings: Any,
) -> Sandbox:
    """Return a sandbox of its own.

    ``deliver(to, content)`` takes its mails instead of SMTP, ``post(address, body, headers)`` its
    events instead of HTTP. Nothing is sent but by ``tick``.
    """
    chosen = Settings(
        seed=str(seed),
        now=now,
        app_key=app_key,
        app_secret=app_secret,
        redirect_url=redirect_url,
    )
    return Sandbox(replace(chosen, **settings), deliver, post)


@functools.cache
def from_settings() -> Sandbox:
    """Return the process's own sandbox, set up by the environment."""
    sandbox = Sandbox(from_environment())
    sandbox.publish_mail_keys()
    return sandbox


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    return from_settings()(environ, start_response)


__all__ = ["Sandbox", "WSGIApp", "application", "from_settings", "make_app"]
