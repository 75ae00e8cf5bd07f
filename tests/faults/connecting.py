"""Connects new stores in every agency of a stage; prints them as JSON.

Called as ``python -m tests.faults.connecting HOW EACH``, EACH being the stores an agency:

- ``by-consent``: the sandbox's shops, whose sellers agree; workers exchange the codes later. Each
  store counts as synced an hour ago, so that what comes next is a sync as on every day and not the
  first fetch of half a year.
- ``as-made``: shops that nobody knows, with tokens that nobody gave, connected ``HOURS`` ago.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import django

if TYPE_CHECKING:
    from stores.models import Connection, Store
    from stores.sandbox.shops import Shop
    from tenants.models import Membership

BY_CONSENT: Final = "by-consent"
AS_MADE: Final = "as-made"
HOURS: Final = 12


def connect(how: str, each: int) -> Iterator[dict[str, Any]]:
    from stores.sandbox.shops import made_up
    from tenants import scope
    from tenants.models import Agency, Membership

    agencies = list(Agency.objects.order_by("slug"))
    shops = made_up(len(agencies) * each)
    for agency in agencies:
        with scope.agency(agency):
            owner = Membership.objects.select_related("user", "role").get(role__code="owner")
        for _ in range(each):
            shop = next(shops)
            if how == BY_CONSENT:
                agreed = _agree(shop, owner, datetime.now(UTC))
                yield {"store": str(agreed.pk), "schema": agency.schema_name}
                continue
            with scope.agency(agency):
                made = _make(shop, owner, datetime.now(UTC).replace(microsecond=0))
            yield {
                "shop": made.shop_id,
                "store": str(made.store_id),
                "schema": agency.schema_name,
                "connected_at": made.changed_at.timestamp(),
                "ends_at": made.refresh_expires_at.timestamp() if made.refresh_expires_at else 0,
            }


def _agree(shop: "Shop", owner: "Membership", at: datetime) -> "Store":
    from stores.data_kinds import told_at
    from stores.models import SyncCursor
    from stores.sandbox.state import demo_code
    from stores.services import connections
    from tenants import scope

    before = at - timedelta(hours=1)
    with scope.agency(owner.agency):
        store = _store(shop, owner, at)
        SyncCursor.objects.bulk_create(
            SyncCursor(store=store, data=kind.code, fetched_to=before, fresh_at=before)
            for kind in told_at(store.marketplace, store.market)
        )
        address = connections.begin(store=store, by=owner, at=at)
    connections.come_back(
        marketplace=store.marketplace,
        token=address.rpartition("state=")[2],
        code=demo_code(shop),
        user=owner.user,
        at=at,
    )
    return store


def _make(shop: "Shop", owner: "Membership", now: datetime) -> "Connection":
    from tests import factories

    at = now - timedelta(hours=HOURS)
    return factories.make_connection(store=_store(shop, owner, at), at=at)


def _store(shop: "Shop", owner: "Membership", at: datetime) -> "Store":
    from stores.models import Store
    from stores.services import stores

    return stores.create_store(
        name=f"{shop.name} since {at:%H:%M}",
        marketplace=Store.Marketplace.TIKTOK_SHOP,
        market=shop.region,
        by=owner,
        at=at,
    )


if __name__ == "__main__":
    django.setup()
    how, each = sys.argv[1:]
    print(json.dumps(list(connect(how, int(each)))))
