"""Which mailboxes forward to an address, and the test mails that were sent to see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils.translation import ngettext

from stores.models import Forwarding, MailTest
from stores.selectors.mail_flow import MailFlow, flow, flows_of
from stores.selectors.notices import last_mails
from tenants import scope
from tenants.models import MailRoute

MOST_SHOWN: Final = 20
TESTED_FOR: Final = timedelta(minutes=10)  # a test that has not come back by then counts as lost
ELSEWHERE: Final = "elsewhere"  # a test's ``problem``: it came to another address of the agency
_TESTS_SHOWN: Final = 5
_A_MINUTE: Final = 60


def to_address(store_id: UUID | None) -> Q:
    """Return what holds of rows about a store's address, or with None about the agency's."""
    return Q(store__isnull=True) if store_id is None else Q(store=store_id)


def forwardings_to(store_id: UUID | None, *, at: datetime) -> list[Forwarding]:
    """Return the mailboxes that forward to a store's address, or with None the agency's.

    Newest first; what waited in vain or was suspicious is gone a week after it came.
    """
    is_current = Q(state=Forwarding.State.CONFIRMED) | Q(expires_at__gt=at)
    rows = Forwarding.objects.filter(is_current, to_address(store_id)).select_related("notice")
    return list(rows.order_by("-asked_at", "-pk")[:MOST_SHOWN])


@dataclass(frozen=True, slots=True)
class RouteState:
    """An address with what comes to it; ``last_mail_at`` is any mail, believed or not."""

    route: MailRoute
    last_mail_at: datetime | None
    flow: MailFlow
    forwardings: tuple[Forwarding, ...]


def states_of(routes: Sequence[MailRoute], *, at: datetime) -> list[RouteState]:
    """Return how each of an agency's addresses stands, in four queries.

    The agency's own goes by any mail: which of it is about a store is told with the store.
    """
    store_ids = [route.store_id for route in routes if route.store_id is not None]
    last = last_mails(scope.current_id())
    flows = flows_of(store_ids, at=at)
    found: dict[UUID | None, list[Forwarding]] = {}
    rows = Forwarding.objects.filter(Q(store__in=store_ids) | Q(store__isnull=True))
    rows = rows.filter(Q(state=Forwarding.State.CONFIRMED) | Q(expires_at__gt=at))
    for row in rows.defer("code", "link").order_by("-asked_at", "-pk"):
        found.setdefault(row.store_id, []).append(row)
    states = []
    for route in routes:
        mine = tuple(found.get(route.store_id, ()))
        last_at = last.get(route.store_id)
        if route.store_id is None:
            is_asked = any(row.state != Forwarding.State.SUSPICIOUS for row in mine)
            goes = flow(last_at, is_asked=is_asked, at=at)
        else:
            goes = flows[route.store_id]
        states.append(RouteState(route, last_at, goes, mine))
    return states


@dataclass(frozen=True, slots=True)
class MailTestState:
    """How a test mail stands: "sending", "under_way", "came", "elsewhere" or "lost"."""

    test: MailTest
    state: str
    took: timedelta | None = None

    @property
    def words(self) -> str:
        """Return how long it was under way, in the reader's language."""
        if self.took is None:
            return ""
        seconds = max(1, int(self.took.total_seconds()))
        if seconds < _A_MINUTE:
            return ngettext(
                "It came back after %(seconds)s second.",
                "It came back after %(seconds)s seconds.",
                seconds,
            ) % {"seconds": seconds}
        minutes = round(seconds / _A_MINUTE)
        return ngettext(
            "It came back after %(minutes)s minute.",
            "It came back after %(minutes)s minutes.",
            minutes,
        ) % {"minutes": minutes}

    @property
    def is_open(self) -> bool:
        return self.state in {"sending", "under_way"}


def tests_to(store_id: UUID | None, *, at: datetime) -> list[MailTestState]:
    """Return the newest test mails of an address and how each stands at ``at``."""
    rows = MailTest.objects.filter(to_address(store_id)).order_by("-asked_at", "-pk")
    return [_state(test, at) for test in rows[:_TESTS_SHOWN]]


def _state(test: MailTest, at: datetime) -> MailTestState:
    if test.came_at is not None:
        began = test.sent_at or test.asked_at
        return MailTestState(test, "came", max(test.came_at - began, timedelta(0)))
    if test.problem == ELSEWHERE:
        return MailTestState(test, "elsewhere")
    if at - test.asked_at >= TESTED_FOR:
        return MailTestState(test, "lost")
    return MailTestState(test, "sending" if test.sent_at is None else "under_way")
