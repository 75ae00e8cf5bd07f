"""Where a store's pushes go: the marketplace is told once a store is connected."""

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from stores.marketplaces.core import MarketplaceDown, MarketplaceError, RateLimited, RequestRefused
from stores.marketplaces.tiktok_shop.client import Client
from stores.marketplaces.tiktok_shop.pushes import EVENT_TYPES
from stores.models import Connection
from stores.services import tokens
from tenants import due, scope
from tenants.due import Work
from tenants.models import Agency

logger = logging.getLogger(__name__)

ASK_FOR_PUSHES: Final = "stores.ask_for_pushes"
_CALLS_FOR: Final = 15.0  # seconds in which calls are begun; what is left comes with the next try
_MOST_UNKNOWN: Final = 2  # types that are refused; more, and it is us who are refused
_SOON: Final = timedelta(minutes=5)
_LATER: Final = timedelta(days=1)  # an operator, or the marketplace, has to change something first


def ask(store_id: UUID, *, at: datetime) -> None:
    """Let the marketplace be told where the store's pushes go."""
    due.add(kind=ASK_FOR_PUSHES, subject=store_id, at=at)


def ask_where_missing(store_id: UUID, *, at: datetime) -> None:
    """The same for a store that was connected before there was anything to ask."""
    if Connection.objects.filter(store=store_id, pushes_at=None, pushes_problem="").exists():
        ask(store_id, at=at)


def ask_for_pushes(*, agency: Agency, work: Work, client: Client, address: str) -> None:
    """Have what happens at a store pushed to ``address``; called outside any scope.

    What goes there already is not asked for again, so a try that fails is taken up where it
    stood. A type that the marketplace does not know any more is left out.
    """
    store_id = UUID(work.subject)
    again_at, problem = None, ""
    client = client.until(client.ticks() + _CALLS_FOR)
    try:
        access = tokens.access_for(agency=agency, store_id=store_id, client=client, at=work.at)
        if access is not None:
            _tell(client, access, address)
    except tokens.RenewalUnderWay as other:
        again_at = other.again_at
    except MarketplaceError as error:
        is_theirs = isinstance(error, MarketplaceDown | RateLimited)
        problem = "pushes_wait" if is_theirs else "pushes_refused"
        again_at = work.at + (_SOON if is_theirs else _LATER)
        logger.warning("pushes_not_asked_for", extra={"store_id": store_id, "reason": str(error)})
    with scope.agency(agency):
        mine = Connection.objects.filter(store=store_id, state=Connection.State.CONNECTED)
        if again_at is None:
            mine.update(pushes_at=work.at, pushes_problem="")
        else:
            mine.update(pushes_problem=problem)
        work.finish(again_at=again_at if mine.exists() else None)


def _tell(client: Client, access: tokens.Access, address: str) -> None:
    """Ask for every type of push that does not come yet.

    Raises:
        RequestRefused: if the marketplace refuses more types than it may not know.
    """
    standing = {hook.event_type: hook.address for hook in client.webhooks(*_of(access))}
    refused = 0
    for event_type in EVENT_TYPES:
        if standing.get(event_type) == address:
            continue
        try:
            client.set_webhook(*_of(access), event_type=event_type, address=address)
        except RequestRefused as refusal:
            refused += 1
            if refused > _MOST_UNKNOWN:
                raise
            logger.warning("push_type_refused", extra={"type": event_type, "reason": str(refusal)})


def _of(access: tokens.Access) -> tuple[str, str]:
    return access.token, access.cipher
