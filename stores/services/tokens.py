"""The tokens of a connection: sealed at rest, renewed one at a time, never inside a request."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from stores.marketplaces.core import NotAuthorized, NothingSent, RateLimited
from stores.marketplaces.tiktok_shop.client import Client
from stores.marketplaces.tiktok_shop.payloads import Tokens
from stores.models import Connection
from stores.services import losing
from tenants import due, scope, sealing
from tenants.models import Agency

logger = logging.getLogger(__name__)

RENEW: Final = "stores.renew_tokens"
_TABLE: Final = "stores_connection"
_RENEW_AT: Final = 0.7  # of an access token's life
_SOONEST: Final = timedelta(minutes=1)
_TOO_SHORT: Final = timedelta(minutes=5)  # left of an access token before a sync begins
ABANDONED: Final = timedelta(seconds=45)  # a renewal that began so long ago will not end
LATER: Final = timedelta(minutes=5)  # when a renewal that could not be done is tried again


class RenewalUnderWay(RuntimeError):
    """Another worker is renewing this connection's tokens: come back at ``again_at``."""

    def __init__(self, store_id: UUID, again_at: datetime) -> None:
        super().__init__(str(store_id))
        self.again_at = again_at


@dataclass(frozen=True, slots=True)
class Access:
    """What a call to a store's marketplace needs."""

    token: str = field(repr=False)
    cipher: str = field(repr=False)
    renew_at: datetime


def seal(connection: Connection, column: str, text: str) -> str:
    return sealing.seal(text, table=_TABLE, column=column, row=connection.pk)


def unseal(connection: Connection, column: str) -> str:
    value = getattr(connection, column)
    return sealing.unseal(value, table=_TABLE, column=column, row=connection.pk)


def keep(connection: Connection, tokens: Tokens, *, at: datetime) -> None:
    """Write both tokens at once and ask for their renewal at 70 % of the access token's life."""
    connection.access_token = seal(connection, "access_token", tokens.access_token)
    connection.refresh_token = seal(connection, "refresh_token", tokens.refresh_token)
    connection.access_expires_at = tokens.access_token_expires_at
    connection.refresh_expires_at = tokens.refresh_token_expires_at
    connection.refresh_started_at = None
    connection.scopes = [name[:80] for name in tokens.granted_scopes]
    connection.changed_at = at
    connection.save(
        update_fields=[
            "access_token",
            "refresh_token",
            "access_expires_at",
            "refresh_expires_at",
            "refresh_started_at",
            "scopes",
            "changed_at",
        ]
    )
    _plan(connection.store_id, renewal_at(tokens.access_token_expires_at, at))


def renewal_at(expires_at: datetime, at: datetime) -> datetime:
    return at + max(_SOONEST, (expires_at - at) * _RENEW_AT)


def access_for(
    *, agency: Agency, store_id: UUID, client: Client, at: datetime, renew: bool = False
) -> Access | None:
    """Return what calls need, renewing the tokens when they soon run out or ``renew`` says so.

    Called outside any scope, as it may call the marketplace. None: the store is not connected
    (any more); one that says so and holds no tokens is lost from here on.

    A renewal is written down before the marketplace is asked, as a refresh token serves once: where
    the answer is lost or its worker killed, another looks after it ``ABANDONED`` later, and finds
    out whether the token still serves.

    Raises:
        RenewalUnderWay: if another worker is at it.
        MarketplaceError: if the marketplace could not be asked.
    """
    with scope.agency(agency):
        connection = _locked(store_id)
        if connection is None:
            return None
        if not _holds_tokens(connection):
            losing.lose(connection, state=Connection.State.REVOKED, problem="no_tokens", at=at)
            return None
        if not renew and _expires_at(connection) - at > _TOO_SHORT:
            return _access(connection, at)
        spent, was_abandoned = _begin_renewal(connection, at)
        refresh_token = unseal(connection, "refresh_token")
    try:
        fresh = client.refresh(refresh_token)
    except NotAuthorized:
        return _judge_refusal(agency, store_id, spent, at, was_abandoned=was_abandoned)
    except (RateLimited, NothingSent) as refusal:
        _call_off(agency, store_id, spent, at + _wait(refusal))
        raise
    with scope.agency(agency):
        connection = _locked(store_id)
        if connection is None:
            return None
        keep(connection, fresh, at=at)
        return _access(connection, at)


def _begin_renewal(connection: Connection, at: datetime) -> tuple[str, bool]:
    """Write down that a renewal begins, and ask for somebody to look whether it ended.

    Return the sealed refresh token that it will spend, and whether an earlier renewal began and
    left no end: its worker was killed, or the answer was lost on the way.
    """
    started = connection.refresh_started_at
    if started is not None and at - started < ABANDONED:
        raise RenewalUnderWay(connection.store_id, started + ABANDONED)
    if started is not None:
        logger.warning("renewal_abandoned", extra={"store_id": connection.store_id})
    # Committed before the call: a renewal that began and never ended leaves its trace.
    connection.refresh_started_at = at
    connection.save(update_fields=["refresh_started_at"])
    _plan(connection.store_id, at + ABANDONED)
    return connection.refresh_token, started is not None


def _call_off(agency: Agency, store_id: UUID, spent: str, again_at: datetime) -> None:
    """Take back that a renewal began: the marketplace was not asked, or did not even look."""
    with scope.agency(agency):
        mine = Connection.objects.filter(store=store_id, refresh_token=spent)
        if mine.update(refresh_started_at=None):
            _plan(store_id, again_at)


def _wait(refusal: RateLimited | NothingSent) -> timedelta:
    return max(LATER, timedelta(seconds=refusal.retry_after or 0))


def _plan(store_id: UUID, at: datetime) -> None:
    """Let the store's next renewal be at ``at``, and at no other time."""
    due.add(kind=RENEW, subject=store_id, at=at, instead=True)


def _judge_refusal(
    agency: Agency, store_id: UUID, spent: str, at: datetime, *, was_abandoned: bool
) -> Access | None:
    """Return the access that another worker won meanwhile, or hold the connection for lost."""
    with scope.agency(agency):
        connection = _locked(store_id)
        if connection is None:
            return None
        if connection.refresh_token != spent:
            return _access(connection, at)
        problem = "renewal_lost" if was_abandoned else "revoked"
        losing.lose(connection, state=Connection.State.REVOKED, problem=problem, at=at)
        return None


def _locked(store_id: UUID) -> Connection | None:
    return (
        Connection.objects.select_for_update(of=("self",))
        .select_related("store")
        .filter(store=store_id, state=Connection.State.CONNECTED)
        .first()
    )


def _holds_tokens(connection: Connection) -> bool:
    return bool(
        connection.access_token
        and connection.refresh_token
        and connection.shop_cipher
        and connection.access_expires_at
    )


def _expires_at(connection: Connection) -> datetime:
    assert connection.access_expires_at, "Only asked of a connection that holds tokens."
    return connection.access_expires_at


def _access(connection: Connection, at: datetime) -> Access:
    return Access(
        token=unseal(connection, "access_token"),
        cipher=unseal(connection, "shop_cipher"),
        renew_at=renewal_at(_expires_at(connection), at),
    )
