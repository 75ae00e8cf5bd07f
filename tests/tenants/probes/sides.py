"""Agencies full of rows, and what a caller of each can show: session, key, ids."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from string import ascii_lowercase, digits
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from tenants import scope
from tenants.entrance import PROVEN_AT
from tenants.models import Agency, ApiKey, Membership, User
from tenants.services.agencies import agency_host
from tenants.trail.models import IdempotentCall
from tests import factories
from tests.api.calls import Api, make_api_key
from tests.tenants.probes import filling

_LATER: Final = datetime(2100, 1, 1, tzinfo=UTC)
START: Final = "zq"  # no word of ours begins so
IDEMPOTENCY_KEY: Final = "the-same-everywhere"


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - it chooses probes and guards nothing


@dataclass(frozen=True, eq=False)
class Side:
    """An agency with rows of every kind, each with its canary."""

    agency: Agency
    canary: str
    user_id: UUID
    user_hash: str
    key: str
    revoked_key: str
    ended_session: str
    told: dict[str, Any] = field(repr=False)  # what it once told the API under IDEMPOTENCY_KEY
    ids: filling.Ids = field(repr=False)
    files: tuple[str, ...]

    @property
    def host(self) -> str:
        return agency_host(self.agency.slug)

    def session(self, host: str | None = None) -> str:
        """Return the cookie of a new session of the agency's owner, bound to a host."""
        return make_session(self.user_id, self.user_hash, host or self.host)


def make_session(user_id: UUID, user_hash: str, host: str) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user_id)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user_hash
    session["host"] = host
    session[PROVEN_AT] = time.time()
    session.save()
    assert session.session_key is not None
    return session.session_key


def make_side(agency: Agency, rng: Random) -> Side:
    canary = START + "".join(rng.choices(ascii_lowercase + digits, k=12))
    make_api_key(agency)  # the one that may be revoked: its id is the first
    key, revoked_key = make_api_key(agency), make_api_key(agency)
    ids = filling.fill(agency, canary)
    with scope.public():
        # Used in an hour to come: no call of its owner notes a new one in the middle of a campaign.
        ApiKey.objects.filter(agency=agency).update(last_used_at=_LATER)
        ApiKey.objects.filter(prefix=revoked_key.split("_")[2]).update(revoked_at=factories.NOW)
        owner = Membership.objects.get(agency=agency, role__code="owner").user_id
        user_hash = User.objects.get(pk=owner).get_session_auth_hash()
    ended = make_session(owner, user_hash, agency_host(agency.slug))
    SessionStore(ended).delete()
    told = _tell(agency, key, ids["stores.Store"], canary)
    return Side(
        agency=agency,
        canary=canary,
        user_id=owner,
        user_hash=user_hash,
        key=key,
        revoked_key=revoked_key,
        ended_session=ended,
        told=told,
        ids=ids,
        files=filling.files_of(agency),
    )


def _tell(agency: Agency, key: str, store_id: object, canary: str) -> dict[str, Any]:
    """Push a reading under an Idempotency-Key that all agencies use; its answer is marked."""
    told = {
        "store": str(store_id),
        "metric": "balance",
        "value": 7,
        "measured_at": "2026-11-01T10:00:00+00:00",
    }
    status, _body = Api(key, agency).post("readings/", told, **{"idempotency-key": IDEMPOTENCY_KEY})
    assert status == 201
    with scope.agency(agency):
        calls = IdempotentCall.objects.filter(key=IDEMPOTENCY_KEY)
        assert calls.update(body=f'{{"note": "{canary}"}}') == 1
    return told


def make_sides(count: int, rng: Random) -> list[Side]:
    """Fill ``count`` agencies, the two of every test first; further ones are founded."""
    agencies = list(Agency.objects.order_by("slug"))
    further = range(len(agencies), count)
    agencies += [factories.make_agency(slug=f"bystander-{number}") for number in further]
    return [make_side(agency, rng) for agency in agencies[:count]]


# What the rows are, as one text, so that any change of a foreign one shows


def digests(cursor: Any, sides: Iterable[Side]) -> dict[str, str]:
    """Return a digest of each table's rows by agency, as the owner sees them: all of them."""
    found: dict[str, str] = {}
    for side in sides:
        statements = [
            _digest_of(f'"{side.agency.schema_name}"."{table}"', f"{side.agency.slug} {table}")
            for table in _tables(cursor, side.agency.schema_name)
        ]
        statements += [
            _digest_of(f'public."{table}"', f"{side.agency.slug} {table}", where)
            for table, where in _public_tables(side).items()
        ]
        cursor.execute(" UNION ALL ".join(statements))
        found |= dict(cursor.fetchall())
    return found


def _digest_of(table: str, name: str, where: str = "true") -> str:
    return (
        f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"  # noqa: S608
        f" FROM {table} t WHERE {where}"
    )


def _tables(cursor: Any, schema: str) -> list[str]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
    return sorted(table for (table,) in cursor.fetchall())


def _public_tables(side: Side) -> dict[str, str]:
    found = {}
    for model, owner in filling.public_models().items():
        if model is User:
            found[model._meta.db_table] = f"id = '{side.user_id}'"
        else:
            column = "id" if owner == "pk" else f"{owner}_id"
            found[model._meta.db_table] = f"{column} = '{side.agency.pk}'"
    return found
