"""What the sandbox remembers: who authorized whom, which codes and tokens are spent, incidents."""

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stores.sandbox.shops import SHOPS, Shop

CODE_SECONDS = 30 * 60
DAY = 24 * 3600


@dataclass(slots=True)
class Grant:
    """An authorization code or a token: for which seller, until when, and whether it is used up."""

    open_id: str
    expires: int
    is_spent: bool = False
    is_revoked: bool = False


@dataclass(slots=True)
class Incidents:
    """What is going wrong, by the control page's wish."""

    outage: str = ""  # a kind of api.OUTAGES, empty when there is none
    refused_calls: int = 0  # how many more calls get "too many requests"
    retry_after: int = 1
    clock_skew: int = 0  # seconds by which the marketplace's clock is ahead
    inactive: list[str] = field(default_factory=list)
    bursts: list[tuple[str, int, int]] = field(default_factory=list)  # shop, moment, count


class State:
    """All of it: in memory, and in a file where one is named, so that a restart revokes nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self.codes: dict[str, Grant] = {}
        self.access: dict[str, Grant] = {}
        self.refresh: dict[str, Grant] = {}
        self.incidents = Incidents()
        self.mails_sent = 0
        self.mail_key = ""
        self._file = file
        self._lock = threading.RLock()
        if file is not None and file.exists():
            self._load(json.loads(file.read_text(encoding="utf-8")))

    @contextmanager
    def changing(self) -> Iterator["State"]:
        """Hold the state alone, and write it down at the end."""
        with self._lock:
            yield self
            self._save()

    def issue_code(self, shop: Shop, now: int, code: str = "") -> str:
        with self.changing():
            code = code or f"ROW_{secrets.token_urlsafe(32)}"
            self.codes[code] = Grant(shop.open_id, now + CODE_SECONDS)
        return code

    def issue_demo_codes(self) -> None:
        """Issue one code a shop that does not age: a demo's stores connect without a browser."""
        with self.changing():
            for shop in SHOPS:
                self.codes.setdefault(demo_code(shop), Grant(shop.open_id, 2**40))

    def spend(self, kind: str, value: str, now: int) -> Grant | None:
        """Use up a code or refresh token; None when it is unknown, used, revoked or too old."""
        with self.changing():
            grant = {"code": self.codes, "refresh": self.refresh}[kind].get(value)
            if grant is None or grant.is_spent or grant.is_revoked or grant.expires <= now:
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

    def revoke(self, open_id: str) -> None:
        """Take back all that the seller granted, as when she removes the app."""
        with self.changing():
            for grant in (*self.access.values(), *self.refresh.values(), *self.codes.values()):
                if grant.open_id == open_id:
                    grant.is_revoked = True

    def expire_access(self, open_id: str) -> None:
        """Let the seller's access tokens be old; their refresh tokens still serve."""
        with self.changing():
            for grant in self.access.values():
                if grant.open_id == open_id:
                    grant.expires = 0

    def bursts_of(self, shop: Shop) -> list[tuple[int, int]]:
        return [(at, count) for name, at, count in self.incidents.bursts if name == shop.id]

    def take_refused_call(self) -> bool:
        """Return whether this call is one of those to be refused, and count it off."""
        if not self.incidents.refused_calls:
            return False
        with self.changing():
            self.incidents.refused_calls = max(0, self.incidents.refused_calls - 1)
        return True

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
            "incidents": asdict(self.incidents),
            "mails_sent": self.mails_sent,
            "mail_key": self.mail_key,
        }
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(content), encoding="utf-8")
        fresh.replace(self._file)

    def _load(self, content: dict[str, Any]) -> None:
        self.codes = {code: Grant(**grant) for code, grant in content["codes"].items()}
        self.access = {token: Grant(**grant) for token, grant in content["access"].items()}
        self.refresh = {token: Grant(**grant) for token, grant in content["refresh"].items()}
        incidents = content["incidents"]
        incidents["bursts"] = [tuple(burst) for burst in incidents["bursts"]]
        self.incidents = Incidents(**incidents)
        self.mails_sent = content["mails_sent"]
        self.mail_key = content["mail_key"]


def demo_code(shop: Shop) -> str:
    return f"demo-code-{shop.id}"
