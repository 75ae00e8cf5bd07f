"""What the sandbox remembers: who authorized whom, which codes and tokens are spent, incidents."""

import json
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stores.sandbox.incidents import Incident, Incidents
from stores.sandbox.shops import Shop

CODE_SECONDS = 30 * 60
_PLAIN = (
    "pushed_until",
    "pushes",
    "spent_again",
    "mails_sent",
    "mail_addresses",
    "mail_key",
)


@dataclass(slots=True)
class Grant:
    """An authorization code or a token: for which seller, until when, and whether it is used up."""

    open_id: str
    expires: int
    is_spent: bool = False
    is_revoked: bool = False


@dataclass(slots=True)
class Webhook:
    """Where a shop's events of one type go."""

    address: str
    create_time: int
    update_time: int


@dataclass(slots=True)
class Push:
    """One event on its way to an address; ``tries`` that failed, and when the next one is."""

    address: str
    body: str
    signature: str
    next_at: int
    tries: int = 0


class State:
    """All of it: in memory, and in a file where one is named, so that a restart revokes nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self.codes: dict[str, Grant] = {}
        self.access: dict[str, Grant] = {}
        self.refresh: dict[str, Grant] = {}
        self.incidents = Incidents()
        self.webhooks: dict[str, dict[str, Webhook]] = {}  # by shop, by type
        self.outbox: list[Push] = []
        self.pushed_until = 0
        self.pushes = {"delivered": 0, "failed": 0, "given_up": 0, "wished": 0}
        self.spent_again = 0  # codes and refresh tokens that came a second time
        self.mails_sent = 0
        self.mail_addresses: dict[str, str] = {}  # of the shops that got mail, by id
        self.mail_key = ""
        self._file = file
        self._lock = threading.RLock()
        self._depth = 0
        if file is not None and file.exists():
            self._load(json.loads(file.read_text(encoding="utf-8")))

    @contextmanager
    def changing(self) -> Iterator["State"]:
        """Hold the state alone, and write it down at the end of the outermost change."""
        with self._lock:
            self._depth += 1
            try:
                yield self
            finally:
                self._depth -= 1
            if not self._depth:
                self._save()

    def issue_code(self, shop: Shop, now: int, code: str = "") -> str:
        with self.changing():
            code = code or f"ROW_{secrets.token_urlsafe(32)}"
            self.codes[code] = Grant(shop.open_id, now + CODE_SECONDS)
            self.incidents.end(now, kind="revoked", shop=shop.id)
        return code

    def issue_demo_codes(self, shops: Iterable[Shop]) -> None:
        """Issue one code a shop that does not age: a demo's stores connect without a browser."""
        with self.changing():
            for shop in shops:
                self.codes.setdefault(demo_code(shop), Grant(shop.open_id, 2**40))

    def spend(self, kind: str, value: str, now: int) -> Grant | None:
        """Use up a code or refresh token; None when it is unknown, used, revoked or too old."""
        with self.changing():
            grant = {"code": self.codes, "refresh": self.refresh}[kind].get(value)
            if grant is None or grant.is_spent or grant.is_revoked or grant.expires <= now:
                self.spent_again += grant is not None and grant.is_spent
                return None
            grant.is_spent = True
            return grant

    def issue_tokens(self, open_id: str, access_until: int, refresh_until: int) -> tuple[str, str]:
        with self.changing():
            access = f"ROW_{secrets.token_urlsafe(48)}"
            refresh = f"ROW_{secrets.token_urlsafe(40)}"
            self.access[access] = Grant(open_id, access_until)
            self.refresh[refresh] = Grant(open_id, refresh_until)
        return access, refresh

    def authorized_until(self, open_id: str) -> int:
        """Return when the seller's authorization ends: 0 when there is none, or it was removed."""
        known = list(self.refresh.values())  # other threads add to it
        return max(
            (grant.expires for grant in known if grant.open_id == open_id and not grant.is_revoked),
            default=0,
        )

    def revoke(self, sellers: Collection[str]) -> None:
        """Take back all that sellers granted, as when they remove the app."""
        with self.changing():
            for grant in (*self.access.values(), *self.refresh.values(), *self.codes.values()):
                if grant.open_id in sellers:
                    grant.is_revoked = True

    def expire_access(self, sellers: Collection[str]) -> None:
        """Let sellers' access tokens be old; their refresh tokens still serve."""
        with self.changing():
            for grant in self.access.values():
                if grant.open_id in sellers:
                    grant.expires = 0

    def take_refused_call(self, shops: Collection[Shop], now: int) -> Incident | None:
        """Return the incident by which this call is one too many, and count it off."""
        with self._lock:  # two calls must not take the same last refusal
            limit = self.incidents.first("rate_limit", shops, now)
            if limit is None or not limit.count:
                return limit
            limit.count -= 1
            if not limit.count:
                limit.until = now
                self.incidents.known.remove(limit)
            self._save()
            return limit

    def key_for_mail(self, make: Callable[[], str]) -> str:
        """Return the key that signs mails, made once."""
        with self.changing():
            self.mail_key = self.mail_key or make()
        return self.mail_key

    def _save(self) -> None:
        if self._file is None:
            return
        content = {
            "codes": {code: asdict(grant) for code, grant in self.codes.items()},
            "access": {token: asdict(grant) for token, grant in self.access.items()},
            "refresh": {token: asdict(grant) for token, grant in self.refresh.items()},
            "incidents": [asdict(incident) for incident in self.incidents.known],
            "webhooks": {
                shop: {kind: asdict(webhook) for kind, webhook in by_type.items()}
                for shop, by_type in self.webhooks.items()
            },
            "outbox": [asdict(push) for push in self.outbox],
            **{name: getattr(self, name) for name in _PLAIN},
        }
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(content), encoding="utf-8")
        fresh.replace(self._file)

    def _load(self, content: dict[str, Any]) -> None:
        self.codes = {code: Grant(**grant) for code, grant in content["codes"].items()}
        self.access = {token: Grant(**grant) for token, grant in content["access"].items()}
        self.refresh = {token: Grant(**grant) for token, grant in content["refresh"].items()}
        if "pushed_until" not in content:  # written before there were webhooks
            content |= {"incidents": []}
        self.incidents = Incidents([Incident(**each) for each in content["incidents"]])
        self.webhooks = {
            shop: {kind: Webhook(**webhook) for kind, webhook in by_type.items()}
            for shop, by_type in content.get("webhooks", {}).items()
        }
        self.outbox = [Push(**push) for push in content.get("outbox", [])]
        for name in _PLAIN:
            setattr(self, name, content.get(name, getattr(self, name)))


def demo_code(shop: Shop) -> str:
    return f"demo-code-{shop.id}"
