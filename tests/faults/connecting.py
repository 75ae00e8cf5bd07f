"""Connects new stores in every agency of a stage; prints them as JSON.

Called as ``python -m tests.faults.connecting STAGE NAME STORES HOURS``: so many stores an agency,
connected so many hours ago.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

from config.launcher import state


def connect(slug: str, name: str, count: int, at: datetime) -> list[dict[str, Any]]:
    from stores.services import stores
    from tenants import scope
    from tenants.models import Agency, Membership
    from tests import factories

    agency = Agency.objects.get(slug=slug)
    owner = Membership.objects.select_related("role").get(agency=agency, role__code="owner")
    made = []
    with scope.agency(agency):
        for number in range(count):
            store = stores.create_store(
                name=f"{name} {number}", marketplace="tiktok_shop", market="US", by=owner, at=at
            )
            connection = factories.make_connection(store=store, at=at)
            made.append(
                {
                    "shop": connection.shop_id,
                    "store": str(store.pk),
                    "schema": agency.schema_name,
                    "connected_at": at.timestamp(),
                    "ends_at": (at + timedelta(days=365)).timestamp(),
                }
            )
    return made


if __name__ == "__main__":
    django.setup()
    folder, name, count, hours = sys.argv[1:]
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=int(hours))
    ready = state.read_json(Path(folder) / "ready.json")
    slugs = [place["slug"] for place in ready["agencies"]]
    print(json.dumps([each for slug in slugs for each in connect(slug, name, int(count), at)]))
