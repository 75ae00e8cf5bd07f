"""A worker that asks for access to stores, again and again; ``python -m tests.faults.racing``.

Each line of its input is one round: a JSON list of pairs of schema and store. It answers each with
a line that says of how many it was let in. The end of its input is its own.
"""

import json
import sys
from datetime import UTC, datetime
from uuid import UUID

import django


def ask(places: list[tuple[str, str]]) -> int:
    from stores.marketplaces import registry
    from stores.services import tokens
    from tenants.models import Agency

    let_in = 0
    for schema, store in places:
        try:
            access = tokens.access_for(
                agency=Agency.objects.get(schema_name=schema),
                store_id=UUID(store),
                client=registry.client_for("tiktok_shop"),
                at=datetime.now(UTC),
            )
        except tokens.RenewalUnderWay:
            continue
        let_in += access is not None
    return let_in


if __name__ == "__main__":
    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        print(ask(json.loads(line)), flush=True)
