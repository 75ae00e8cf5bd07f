"""Whether marketplaces' mail reaches a store: when it last did, and where it stopped coming."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Max

from stores.models import Forwarding, MailTest, Notice

QUIET_AFTER: Final = timedelta(hours=48)
NONE: Final = "none"  # nothing has ever come, and nothing was set up
WAITING: Final = "waiting"  # a mailbox has asked to forward; nothing has come yet
FLOWS: Final = "flows"
QUIET: Final = "quiet"  # it came, or was confirmed, and nothing has come for 48 hours
STATES: Final = (NONE, WAITING, FLOWS, QUIET)


@dataclass(frozen=True, slots=True)
class MailFlow:
    """How mail to one store goes. ``since`` is when it last came or was proven to come."""

    state: str
    since: datetime | None

    @property
    def does_flow(self) -> bool:
        return self.state == FLOWS

    @property
    def is_quiet(self) -> bool:
        """Tell whether a store that relies on mail has had none for 48 hours: it is blind there."""
        return self.state == QUIET

    @property
    def quiet_at(self) -> datetime | None:
        """Return the moment from which the store is blind if nothing more comes."""
        return self.since + QUIET_AFTER if self.since else None


def heard_at(
    store_ids: Sequence[UUID], *, at: datetime | None = None, known_at: datetime | None = None
) -> dict[UUID, datetime]:
    """Return when mail last reached each store, in one query: a believed mail, or a test.

    Another shop's mail that came to a store's address tells nothing of the store's own.
    With ``at`` or ``known_at`` it is the last that had come by then.
    """
    mails = Notice.objects.filter(store__in=store_ids, channel="mail")
    notices = mails.exclude(trust=Notice.Trust.SUSPICIOUS).exclude(reason=Notice.OTHER_STORE)
    tests = MailTest.objects.filter(store__in=store_ids, came_at__isnull=False)
    for moment in (at, known_at):
        if moment is not None:
            notices = notices.filter(received_at__lte=moment)
            tests = tests.filter(came_at__lte=moment)
    heard: dict[UUID, datetime] = {}
    both = (
        notices.order_by()
        .values_list("store_id")
        .annotate(Max("received_at"))
        .union(tests.order_by().values_list("store_id").annotate(Max("came_at")), all=True)
    )
    for store_id, moment in both:
        heard[store_id] = max(moment, heard.get(store_id, moment))
    return heard


def flows_of(store_ids: Sequence[UUID], *, at: datetime) -> dict[UUID, MailFlow]:
    """Return how mail to each of these stores goes, in two queries."""
    since = heard_at(store_ids, at=at)
    asked: set[UUID] = set()
    rows = Forwarding.objects.filter(store__in=store_ids).exclude(state=Forwarding.State.SUSPICIOUS)
    for store_id, confirmed_at in rows.values_list("store_id", "confirmed_at"):
        asked.add(store_id)
        if confirmed_at is not None:
            since[store_id] = max(confirmed_at, since.get(store_id, confirmed_at))
    return {pk: flow(since.get(pk), is_asked=pk in asked, at=at) for pk in store_ids}


def flow(since: datetime | None, *, is_asked: bool, at: datetime) -> MailFlow:
    """Return how mail goes that last came at ``since``; ``is_asked``: a mailbox has asked to."""
    if since is None:
        return MailFlow(WAITING if is_asked else NONE, None)
    return MailFlow(QUIET if at - since >= QUIET_AFTER else FLOWS, since)
