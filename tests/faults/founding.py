"""Founds the stage's agencies, once its database is migrated; prints them as one JSON object."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import django

STORES_EACH = 2


def found(number: int) -> dict[str, Any]:
    from django.db import connections

    from config.demo.loading import make_person, open_agency
    from stores.services import stores
    from tenants import fence, scope
    from tenants.services.keys import make_key
    from tests.faults.jobs.tasks import TABLE

    at = datetime.now(UTC)
    slug = f"faults-{number}"
    owner = make_person("", f"owner@{slug}.example.com", "Correct-horse-7-battery")
    member = open_agency(name=slug.title(), slug=slug, owner=owner, at=at)
    schema = member.agency.schema_name
    with connections["owner"].cursor() as cursor:
        cursor.execute(TABLE.format(schema))
        cursor.execute(f"GRANT SELECT, INSERT ON {schema}.fault_effect TO {fence.role_of(schema)}")
    with scope.agency(member.agency):
        made = [
            stores.create_store(
                name=f"Store {each}", marketplace="tiktok_shop", market="US", by=member, at=at
            )
            for each in range(STORES_EACH)
        ]
        _row, key = make_key(
            agency=member.agency, name="Faults", scopes=["read", "write"], by=member, at=at
        )
    return {
        "slug": slug,
        "schema": schema,
        "key": key,
        "owner": owner.email,
        "stores": [str(store.pk) for store in made],
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"agencies": [found(each) for each in range(int(sys.argv[1]))]}))
