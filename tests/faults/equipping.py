"""Connects sandbox stores to the stage's agencies; ``python -m tests.faults.equipping EACH``.

Each store counts as synced an hour ago, so that what is measured is a sweep as it comes every day
and not the first fetch of half a year.
"""

import sys
from datetime import UTC, datetime, timedelta

import django


def connect(each: int) -> None:
    from stores.data_kinds import told_at
    from stores.models import Store, SyncCursor
    from stores.sandbox.shops import made_up
    from stores.sandbox.state import demo_code
    from stores.services import connections, stores
    from tenants import scope
    from tenants.models import Agency, Membership

    agencies = list(Agency.objects.order_by("slug"))
    shops = made_up(len(agencies) * each)
    at = datetime.now(UTC)
    for agency in agencies:
        with scope.agency(agency):
            member = Membership.objects.select_related("user", "role").get(
                user__email=f"owner@{agency.slug}.example.com"
            )
        for _ in range(each):
            shop = next(shops)
            with scope.agency(agency):
                store = stores.create_store(
                    name=shop.name,
                    marketplace=Store.Marketplace.TIKTOK_SHOP,
                    market=shop.region,
                    by=member,
                    at=at,
                )
                SyncCursor.objects.bulk_create(
                    SyncCursor(
                        store=store,
                        data=kind.code,
                        fetched_to=at - timedelta(hours=1),
                        fresh_at=at - timedelta(hours=1),
                    )
                    for kind in told_at(store.marketplace, store.market)
                )
                address = connections.begin(store=store, by=member, at=at)
            connections.come_back(
                marketplace=store.marketplace,
                token=address.rpartition("state=")[2],
                code=demo_code(shop),
                user=member.user,
                at=at,
            )


if __name__ == "__main__":
    django.setup()
    connect(int(sys.argv[1]))
