"""How far each store has come from being added to being looked after."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from stores.marketplaces.registry import MARKETPLACES
from stores.models import Connection, Store, StoreAccess
from stores.selectors import consents
from stores.selectors.mail_flow import MailFlow, flows_of
from tenants import slots
from tenants.models import ConsentLink, Membership

SLOT: Final = "setup.steps"  # filled by the rooms above: {store: {"is_done", "href"}} a step


class Step(StrEnum):
    """What a new store needs, in this order."""

    CONNECTED = "connected"
    MAIL = "mail"
    RATING = "rating"
    TEAM = "team"
    FIRST_ROUND = "first_round"


@dataclass(frozen=True, slots=True)
class Row:
    """One store and what it has of all that it needs."""

    store: Store
    needs: frozenset[Step]  # what cannot be had is not needed: no call at the marketplace
    done: frozenset[Step]
    connection: str  # a Connection.State, or "" where there never was one
    link: ConsentLink | None
    mail: MailFlow
    team: tuple[Membership, ...]
    hrefs: Mapping[str, str]  # where the rooms above do their step

    @property
    def missing(self) -> frozenset[Step]:
        return self.needs - self.done

    @property
    def is_set_up(self) -> bool:
        return not self.missing


def setup_rows(viewer: Any, stores: QuerySet[Store], *, at: datetime) -> list[Row]:
    """Return a row for each of ``stores``, as they are ordered, in a fixed number of queries.

    ``viewer`` is a member or an API key.
    """
    found = list(
        stores.select_related("client", "owner__user", "owner__role").prefetch_related("groupings")
    )
    ids = [store.pk for store in found]
    states = dict(Connection.objects.filter(store__in=ids).values_list("store", "state"))
    links, teams = consents.newest_links(ids), _teams(found)
    mails = flows_of(ids, at=at)
    above = slots.columns(SLOT, viewer, ids)
    rows = []
    for store in found:
        told = {key: column.get(store.pk, {}) for key, column in above.items()}
        facts = {
            Step.CONNECTED: states.get(store.pk) == Connection.State.CONNECTED,
            Step.MAIL: mails[store.pk].does_flow,
            Step.RATING: bool(told.get(Step.RATING, {}).get("is_done")),
            Step.TEAM: bool(teams[store.pk]),
            Step.FIRST_ROUND: bool(told.get(Step.FIRST_ROUND, {}).get("is_done")),
        }
        can_connect = MARKETPLACES[store.marketplace].can_connect
        rows.append(
            Row(
                store=store,
                needs=frozenset(step for step in Step if can_connect or step != Step.CONNECTED),
                done=frozenset(step for step, is_done in facts.items() if is_done),
                connection=states.get(store.pk, ""),
                link=links.get(store.pk),
                mail=mails[store.pk],
                team=teams[store.pk],
                hrefs={key: str(each.get("href", "")) for key, each in told.items()},
            )
        )
    return rows


def missing_counts(rows: Iterable[Row]) -> dict[Step, int]:
    """Return how many of ``rows`` each step is missing at."""
    counts = dict.fromkeys(Step, 0)
    for row in rows:
        for step in row.missing:
            counts[step] += 1
    return counts


def _teams(stores: Sequence[Store]) -> dict[UUID, tuple[Membership, ...]]:
    """Return who works for each store: its owner, and whom it is shared with to tick its checks."""
    by_key: dict[UUID, list[Membership]] = defaultdict(list)
    shared = StoreAccess.objects.filter(
        member__is_active=True, member__role__capabilities__contains=["checks.tick"]
    ).select_related("member__user")
    for access in shared:
        key = access.store_id or access.group_id or access.client_id
        assert key is not None, "The database lets an access name nothing."
        by_key[key].append(access.member)
    found = {}
    for store in stores:
        places = [place.group_id for place in store.groupings.all()]
        keys = [store.pk, *places, *([store.client_id] if store.client_id else [])]
        team = {member.pk: member for key in keys for member in by_key.get(key, ())}
        if store.owner is not None and store.owner.is_active:
            team = {store.owner.pk: store.owner, **team}
        found[store.pk] = tuple(team.values())
    return found
