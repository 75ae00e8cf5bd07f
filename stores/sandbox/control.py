"""The control page: someone, or a script, makes things go wrong and sends notices.

Every form is a POST to ``/control/<act>``. A script that asks for JSON gets JSON back. Where an act
takes a ``shop``, no shop or ``all`` means every shop; where it takes ``minutes``, none means until
someone ends it, on the page by ``end`` with its number or by ``reset`` for all.
"""

import smtplib
from collections.abc import Callable, Iterable
from dataclasses import asdict
from html import escape
from urllib.parse import quote, urlsplit

from stores.sandbox import fields, mail, pushes
from stores.sandbox.calls import Marketplace
from stores.sandbox.fields import Form, Wrong
from stores.sandbox.incidents import OUTAGES, SHIPPED_AFTER, Incident
from stores.sandbox.letters import Letters
from stores.sandbox.shops import Shop
from stores.sandbox.state import Push
from stores.sandbox.web import Request, Response, as_json, page, redirect

MOST_LATE_ORDERS = 500
MOST_EVENTS = 1000
EVENTS = {
    "valid": "as it should be",
    "repeated": "the same one twice",
    "forged": "with a signature of somebody else",
    "stale": "sent three days ago",
}
_STALE = 3 * 24 * 3600

Act = Callable[[Form], dict[str, object]]


class Control:
    """Starts and ends incidents."""

    def __init__(
        self, marketplace: Marketplace, pusher: pushes.Pusher, deliver: mail.Deliver
    ) -> None:
        self.settings = marketplace.settings
        self.state = marketplace.state
        self.shops = marketplace.shops
        self.pusher = pusher
        self.letters = Letters(marketplace, deliver)
        self._acts: dict[str, Act] = {
            "late-orders": self._late_orders,
            "revoke": self._revoke,
            "expire": self._expire,
            "inactive": self._inactive,
            "negative-balance": self._negative_balance,
            "violation-wave": self.letters.start_wave,
            "outage": self._outage,
            "rate-limit": self._rate_limit,
            "clock-skew": self._clock_skew,
            "grant": self._grant,
            "push": self._push,
            "mail": self.letters.send,
            "end": self._end,
            "reset": self._reset,
        }

    def tick(self) -> None:
        """Go on with what takes its time."""
        self.letters.tick()

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

    def _begin(self, incident: Incident, *, alone: bool = True) -> dict[str, object]:
        """Start an incident; one that stands ``alone`` takes the place of its like."""
        with self.state.changing() as state:
            if alone:
                now = self.settings.seconds()
                state.incidents.end(now, kind=incident.kind, shop=incident.shop)
            state.incidents.start(incident)
        return {
            "done": self._told(incident),
            "shop": incident.shop or fields.ALL,
            "incident": incident.number,
        }

    def _over(self, kind: str, whose: str, done: str) -> dict[str, object]:
        with self.state.changing() as state:
            state.incidents.end(self.settings.seconds(), kind=kind, shop=whose or None)
        return {"done": done, "shop": whose or fields.ALL}

    def _late_orders(self, form: Form) -> dict[str, object]:
        whose, _ = fields.shops(form, self.shops)
        count = fields.number(form, "count", 10, least=1, most=MOST_LATE_ORDERS)
        now = self.settings.seconds()
        end = fields.end(form, now) or now + SHIPPED_AFTER
        return self._begin(Incident(0, "late_orders", whose, now, end, count), alone=False)

    def _revoke(self, form: Form) -> dict[str, object]:
        """Take the authorization away: for some minutes, or until the seller grants it anew."""
        whose, shops = fields.shops(form, self.shops)
        now = self.settings.seconds()
        end = fields.end(form, now)
        with self.state.changing():
            for shop in shops:
                message = f"Shop_id {shop.id} is deauthorized from your APP by merchant."
                event = pushes.Event(now, "SELLER_DEAUTHORIZATION", str(now), {"message": message})
                self.pusher.enqueue(shop, event)
        if end is not None:
            return self._begin(Incident(0, "revoked", whose, now, end))
        self.state.revoke({shop.open_id for shop in shops})
        sellers = shops[0].seller if whose else "All sellers"
        return {"done": f"{sellers} removed the app", "shop": whose or fields.ALL}

    def _expire(self, form: Form) -> dict[str, object]:
        whose, shops = fields.shops(form, self.shops)
        self.state.expire_access({shop.open_id for shop in shops})
        sellers = shops[0].seller if whose else "all sellers"
        return {"done": f"The access tokens of {sellers} have expired", "shop": whose or fields.ALL}

    def _inactive(self, form: Form) -> dict[str, object]:
        whose, _ = fields.shops(form, self.shops)
        if form.get("on", "1") == "0":
            return self._over("inactive", whose, f"{self._name(whose)} is active")
        now = self.settings.seconds()
        return self._begin(Incident(0, "inactive", whose, now, fields.end(form, now)))

    def _negative_balance(self, form: Form) -> dict[str, object]:
        whose, _ = fields.shops(form, self.shops)
        amount = fields.number(form, "amount", 0, least=0, most=10**12)
        now = self.settings.seconds()
        end = fields.end(form, now)
        incident = Incident(0, "negative_balance", whose, now, end, amount=amount)
        return self._begin(incident, alone=False)

    def _outage(self, form: Form) -> dict[str, object]:
        whose, _ = fields.shops(form, self.shops)
        kind = form.get("kind", "")
        if not kind:
            return self._over("outage", whose, "Outage: over")
        if kind not in OUTAGES:
            raise Wrong("kind: there is no such outage.")
        now = self.settings.seconds()
        wait = fields.number(form, "milliseconds", 5000, least=0, most=120_000)
        end = fields.end(form, now)
        return self._begin(Incident(0, "outage", whose, now, end, amount=wait, detail=kind))

    def _rate_limit(self, form: Form) -> dict[str, object]:
        whose, _ = fields.shops(form, self.shops)
        now = self.settings.seconds()
        end = fields.end(form, now)
        calls = fields.number(form, "calls", 0 if end else 5, least=0, most=10**6)
        wait = fields.number(form, "retry_after", 1, least=0, most=3600)
        if not calls and not end:
            return self._over("rate_limit", whose, "No call is too many")
        return self._begin(Incident(0, "rate_limit", whose, now, end, calls, wait))

    def _clock_skew(self, form: Form) -> dict[str, object]:
        whose, _ = fields.shops(form, self.shops)
        seconds = fields.number(form, "seconds", 600, least=-(10**6), most=10**6)
        now = self.settings.seconds()
        end = fields.end(form, now)
        return self._begin(Incident(0, "clock_skew", whose, now, end, amount=seconds))

    def _grant(self, form: Form) -> dict[str, object]:
        shop = fields.shop(form, self.shops)
        code = self.state.issue_code(shop, self.settings.seconds())
        return {"done": f"{shop.seller} authorized the app", "shop": shop.id, "code": code}

    def _push(self, form: Form) -> dict[str, object]:
        """Lay events of one shop out for sending, all of the kind that a form asks for."""
        shop = fields.shop(form, self.shops)
        variant = form.get("variant") or "valid"
        if variant not in EVENTS:
            raise Wrong("variant: there is no such event.")
        if not self.state.webhooks.get(shop.id):
            raise Wrong("shop: its app has not said where events go.")
        count = fields.number(form, "count", 1, least=1, most=MOST_EVENTS)
        now = self.settings.seconds()
        kind = min(self.state.webhooks[shop.id])
        key = f"wished/{self.state.pushes['wished']}"
        sent_at = now - _STALE if variant == "stale" else None
        with self.state.changing() as state:
            for number in range(count):
                event = pushes.Event(now, kind, f"{key}/{number}", {"update_time": now})
                self._spoil(self.pusher.enqueue(shop, event, at=sent_at), variant)
            state.pushes["wished"] += count
        return {"done": f"{count} events are on their way", "shop": shop.id}

    def _spoil(self, push: Push | None, variant: str) -> None:
        if push is not None and variant == "forged":
            push.signature = push.signature[::-1]
        if push is not None and variant == "repeated":
            with self.state.changing() as state:
                state.outbox.append(Push(push.address, push.body, push.signature, push.next_at))

    def _end(self, form: Form) -> dict[str, object]:
        number = fields.number(form, "incident", 0, least=1, most=10**9)
        with self.state.changing() as state:
            if not state.incidents.end(self.settings.seconds(), number=number):
                raise Wrong("incident: there is no such incident going on.")
        return {"done": "The incident is over"}

    def _reset(self, _: Form) -> dict[str, object]:
        with self.state.changing() as state:
            state.incidents.end(self.settings.seconds())
        return {"done": "All incidents are over"}

    # -- The page ----------------------------------------------------------------------------

    def _page(self, request: Request, *, failure: str = "", status: int = 200) -> Response:
        if request.wants_json:
            return as_json(self._facts())
        said = failure or request.parameter("done")
        tone = "bad" if failure else "good"
        one = _options((shop.id, f"{shop.region} · {shop.name}") for shop in self.shops.all)
        return page(
            "control.html",
            status,
            title="Sandbox control",
            said_html=f'<p class="said {tone}" role="status">{escape(said)}</p>' if said else "",
            incidents_html=self._incidents(),
            shops_html=one,
            any_shops_html=_options([(fields.ALL, "every shop")]) + one,
            rows_html="".join(self._row(shop) for shop in self.shops.all),
            outages_html=_options([("", "none"), *OUTAGES.items()]),
            events_html=_options(EVENTS.items()),
            pushes_html=self._pushes(),
            kinds_html=_options(
                (kind, kind) for kind in sorted(mail.kinds(), key=lambda kind: kind != "violation")
            ),
            signatures_html=_options(mail.SIGNATURES.items()),
            forms_html=_options([("both", "text and HTML"), ("plain", "text"), ("html", "HTML")]),
            mail_to=self.settings.mail_to,
            mail_receiver=f"{self.settings.mail_host}:{self.settings.mail_port}",
        )

    def _facts(self) -> dict[str, object]:
        return {
            "shops": [self._shop_facts(shop) for shop in self.shops.all],
            "incidents": [{**asdict(each), "told": self._told(each)} for each in self._going_on()],
            "pushes": {**self.state.pushes, "waiting": len(self.state.outbox)},
            "spent_again": self.state.spent_again,
        }

    def _going_on(self) -> list[Incident]:
        return list(self.state.incidents.on(self.settings.seconds()))

    def _shop_facts(self, shop: Shop) -> dict[str, object]:
        now = self.settings.seconds()
        incidents = self.state.incidents
        return {
            "id": shop.id,
            "name": shop.name,
            "region": shop.region,
            "seller": shop.seller,
            "is_authorized": self.state.authorized_until(shop.open_id) > now,
            "is_inactive": incidents.first("inactive", [shop], now) is not None,
            "late_orders": sum(burst.count for burst in incidents.bursts(shop)),
            "webhooks": len(self.state.webhooks.get(shop.id, {})),
        }

    def _row(self, shop: Shop) -> str:
        facts = self._shop_facts(shop)
        authorized = "authorized" if facts["is_authorized"] else "–"
        active = "inactive" if facts["is_inactive"] else "active"
        return (
            f"<tr><td>{shop.region}</td><td>{escape(shop.name)}</td><td><code>{shop.id}</code></td>"
            f"<td>{authorized}</td><td>{active}</td><td>{facts['late_orders']}</td>"
            f"<td>{facts['webhooks']}</td></tr>"
        )

    def _incidents(self) -> str:
        items = "".join(
            f"<li><span>{escape(self._told(each))}</span>"
            '<form method="post" action="/control/end">'
            f'<input type="hidden" name="incident" value="{each.number}">'
            "<button>End it</button></form></li>"
            for each in self._going_on()
        )
        return f'<ul class="incidents">{items}</ul>' if items else "<p>All is well.</p>"

    def _pushes(self) -> str:
        told = {**self.state.pushes, "waiting": len(self.state.outbox)}
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in told.items())

    def _name(self, whose: str) -> str:
        return self.shops.by_id[whose].name if whose else "every shop"

    def _told(self, each: Incident) -> str:
        """Return an incident in words."""
        what = {
            "late_orders": f"{each.count} late orders",
            "revoked": "App removed",
            "inactive": "Inactive",
            "negative_balance": "Balance below nothing",
            "violation_wave": f"{each.amount} of {each.count} violations told",
            "outage": f"Outage: {OUTAGES.get(each.detail, '')}",
            "rate_limit": f"{each.count or 'All'} calls too many",
            "clock_skew": f"Clock {each.amount} s ahead",
        }[each.kind]
        left = "" if each.until is None else _left(each.until - self.settings.seconds())
        return " · ".join(filter(None, (what, self._name(each.shop), left)))


def _left(seconds: int) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600)):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit} to go"
    return f"{-(-seconds // 60)} minutes to go"


def _is_same_origin(request: Request) -> bool:
    """Whether the form is our own page's, or a script's, which says no origin at all."""
    origin = request.headers.get("origin", "")
    return not origin or urlsplit(origin).netloc == request.headers.get("host", "")


def _options(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in pairs
    )
