"""The control page: someone, or a script, makes things go wrong and sends notices.

Every form is a POST to ``/control/<act>``. A script that asks for JSON gets JSON back.
"""

import smtplib
from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import quote, urlsplit

from stores.sandbox import api, mail
from stores.sandbox.settings import Settings
from stores.sandbox.shops import BY_ID, SHOPS, Shop
from stores.sandbox.state import Incidents, State
from stores.sandbox.web import Request, Response, as_json, page, redirect

MOST_LATE_ORDERS = 500

Act = Callable[[dict[str, str]], dict[str, object]]


class Wrong(ValueError):
    """A field of a form makes no sense; the text says which."""


class Control:
    """Starts and ends incidents."""

    def __init__(self, settings: Settings, state: State, deliver: mail.Deliver) -> None:
        self.settings = settings
        self.state = state
        self.deliver = deliver
        self._acts: dict[str, Act] = {
            "late-orders": self._late_orders,
            "revoke": self._revoke,
            "expire": self._expire,
            "inactive": self._inactive,
            "outage": self._outage,
            "rate-limit": self._rate_limit,
            "clock-skew": self._clock_skew,
            "grant": self._grant,
            "mail": self._mail,
            "reset": self._reset,
        }

    def __call__(self, request: Request) -> Response:
        if request.method == "GET":
            return self._page(request)
        act = self._acts.get(request.path.removeprefix("/control/"))
        if act is None:
            return self._failed(request, "There is no such act.", 404)
        if not _is_same_origin(request):
            return self._failed(request, "The form is from another site.", 403)
        return self._done(request, act)

    def _done(self, request: Request, act: Act) -> Response:
        try:
            done = act(request.form())
        except (Wrong, mail.CannotCompose) as wrong:
            return self._failed(request, str(wrong), 400)
        except (OSError, smtplib.SMTPException) as failure:
            return self._failed(request, f"The mail was not taken: {failure}", 502)
        if request.wants_json:
            return as_json({"ok": True, **done})
        return redirect(f"/control?done={quote(str(done['done']))}")

    def _failed(self, request: Request, reason: str, status: int) -> Response:
        if request.wants_json:
            return as_json({"ok": False, "error": reason}, status)
        return self._page(request, failure=reason, status=status)

    # -- Acts --------------------------------------------------------------------------------

    def _late_orders(self, form: dict[str, str]) -> dict[str, object]:
        shop = _shop(form)
        count = _number(form, "count", 10, least=1, most=MOST_LATE_ORDERS)
        with self.state.changing():
            self.state.incidents.bursts.append((shop.id, self.settings.seconds(), count))
        return {"done": f"{count} orders of {shop.name} are overdue now", "shop": shop.id}

    def _revoke(self, form: dict[str, str]) -> dict[str, object]:
        shop = _shop(form)
        self.state.revoke(shop.open_id)
        return {"done": f"{shop.seller} removed the app", "shop": shop.id}

    def _expire(self, form: dict[str, str]) -> dict[str, object]:
        shop = _shop(form)
        self.state.expire_access(shop.open_id)
        return {"done": f"The access tokens of {shop.seller} have expired", "shop": shop.id}

    def _inactive(self, form: dict[str, str]) -> dict[str, object]:
        shop = _shop(form)
        with self.state.changing():
            others = [other for other in self.state.incidents.inactive if other != shop.id]
            is_on = form.get("on", "1") != "0"
            self.state.incidents.inactive = [*others, shop.id] if is_on else others
        return {"done": f"{shop.name} is {'inactive' if is_on else 'active'}", "shop": shop.id}

    def _outage(self, form: dict[str, str]) -> dict[str, object]:
        kind = form.get("kind", "")
        if kind and kind not in api.OUTAGES:
            raise Wrong("kind: there is no such outage.")
        with self.state.changing():
            self.state.incidents.outage = kind
        return {"done": f"Outage: {api.OUTAGES.get(kind, 'over')}"}

    def _rate_limit(self, form: dict[str, str]) -> dict[str, object]:
        calls = _number(form, "calls", 5, least=0, most=10**6)
        wait = _number(form, "retry_after", 1, least=0, most=3600)
        with self.state.changing():
            self.state.incidents.refused_calls = calls
            self.state.incidents.retry_after = wait
        return {"done": f"The next {calls} calls are too many"}

    def _clock_skew(self, form: dict[str, str]) -> dict[str, object]:
        seconds = _number(form, "seconds", 600, least=-(10**6), most=10**6)
        with self.state.changing():
            self.state.incidents.clock_skew = seconds
        return {"done": f"The marketplace's clock is {seconds} s ahead"}

    def _grant(self, form: dict[str, str]) -> dict[str, object]:
        shop = _shop(form)
        code = self.state.issue_code(shop, self.settings.seconds())
        return {"done": f"{shop.seller} authorized the app", "shop": shop.id, "code": code}

    def _mail(self, form: dict[str, str]) -> dict[str, object]:
        shop = _shop(form)
        to = form.get("to", "").strip()
        if "@" not in to or not to.isascii() or any(letter.isspace() for letter in to):
            raise Wrong("to: give the store's forwarding address.")
        wish = mail.Wish(
            kind=form.get("kind", "violation"),
            to=to,
            variant=form.get("variant", ""),
            language=form.get("language") or "en",
            form=form.get("form") or "both",
            signature=form.get("signature") or "valid",
        )
        defaults = mail.Facts()
        facts = mail.Facts(
            rating=_number(form, "rating", defaults.rating, least=-1000, most=1000),
            points=_number(form, "points", defaults.points, least=0, most=1000),
            reason=_line(form, "reason") or defaults.reason,
            subject=_line(form, "subject") or defaults.subject,
            reference=_line(form, "reference"),
            days_to_correct=_number(form, "days_to_correct", 3, least=0, most=365),
            days_to_appeal=_number(form, "days_to_appeal", 30, least=0, most=365),
        )
        with self.state.changing():
            number = self.state.mails_sent
            self.state.mails_sent += 1
        message = mail.compose(wish, shop, facts, self.settings.now(), number)
        content = mail.signed(message, wish.signature, self.state.key_for_mail(mail.new_key))
        self.deliver(to, content)
        return {
            "done": f"Sent to {to}: {message['Subject']}",
            "shop": shop.id,
            "subject": str(message["Subject"]),
            "message_id": str(message["Message-ID"]),
        }

    def _reset(self, _: dict[str, str]) -> dict[str, object]:
        with self.state.changing():
            self.state.incidents = Incidents()
        return {"done": "All incidents are over"}

    # -- The page ----------------------------------------------------------------------------

    def _page(self, request: Request, *, failure: str = "", status: int = 200) -> Response:
        if request.wants_json:
            return as_json({"shops": [self._facts(shop) for shop in SHOPS]})
        said = failure or request.parameter("done")
        tone = "bad" if failure else "good"
        return page(
            "control.html",
            status,
            title="Sandbox control",
            said_html=f'<p class="said {tone}" role="status">{escape(said)}</p>' if said else "",
            incidents_html=self._incidents(),
            shops_html=_options((shop.id, f"{shop.region} · {shop.name}") for shop in SHOPS),
            rows_html="".join(self._row(shop) for shop in SHOPS),
            outages_html=_options([("", "none"), *api.OUTAGES.items()]),
            kinds_html=_options(
                (kind, kind) for kind in sorted(mail.kinds(), key=lambda kind: kind != "violation")
            ),
            signatures_html=_options(mail.SIGNATURES.items()),
            forms_html=_options([("both", "text and HTML"), ("plain", "text"), ("html", "HTML")]),
            mail_to=self.settings.mail_to,
            mail_receiver=f"{self.settings.mail_host}:{self.settings.mail_port}",
        )

    def _facts(self, shop: Shop) -> dict[str, object]:
        now = self.settings.seconds()
        known = list(self.state.access.values())  # other threads add to it
        grants = [grant for grant in known if grant.open_id == shop.open_id]
        return {
            "id": shop.id,
            "name": shop.name,
            "region": shop.region,
            "seller": shop.seller,
            "is_authorized": any(not g.is_revoked and g.expires > now for g in grants),
            "is_inactive": shop.id in self.state.incidents.inactive,
            "late_orders": sum(count for _, count in self.state.bursts_of(shop)),
        }

    def _row(self, shop: Shop) -> str:
        facts = self._facts(shop)
        authorized = "authorized" if facts["is_authorized"] else "–"
        active = "inactive" if facts["is_inactive"] else "active"
        return (
            f"<tr><td>{shop.region}</td><td>{escape(shop.name)}</td><td><code>{shop.id}</code></td>"
            f"<td>{authorized}</td><td>{active}</td><td>{facts['late_orders']}</td></tr>"
        )

    def _incidents(self) -> str:
        now = self.state.incidents
        running = [
            f"Outage: {api.OUTAGES[now.outage]}" if now.outage else "",
            f"{now.refused_calls} calls to be refused as too many" if now.refused_calls else "",
            f"Clock {now.clock_skew} s ahead" if now.clock_skew else "",
            *(f"{BY_ID[shop].name} is inactive" for shop in now.inactive),
            *(f"{count} late orders at {BY_ID[shop].name}" for shop, _, count in now.bursts),
        ]
        items = "".join(f"<li>{escape(text)}</li>" for text in running if text)
        return f"<ul>{items}</ul>" if items else "<p>All is well.</p>"


def _is_same_origin(request: Request) -> bool:
    """Whether the form is our own page's, or a script's, which says no origin at all."""
    origin = request.headers.get("origin", "")
    return not origin or urlsplit(origin).netloc == request.headers.get("host", "")


def _shop(form: dict[str, str]) -> Shop:
    shop = BY_ID.get(form.get("shop", ""))
    if shop is None:
        raise Wrong("shop: there is no such shop.")
    return shop


def _number(form: dict[str, str], name: str, default: int, *, least: int, most: int) -> int:
    try:
        number = int(form.get(name) or default)
    except ValueError:
        raise Wrong(f"{name}: this is not a number.") from None
    if not least <= number <= most:
        raise Wrong(f"{name}: this is not from {least} to {most}.")
    return number


def _line(form: dict[str, str], name: str) -> str:
    return " ".join(form.get(name, "").split())


def _options(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in pairs
    )
