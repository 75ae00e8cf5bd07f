"""The check at the start: one line for each right that is missing, or too much."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from pytest_django.plugin import DjangoDbBlocker

from tenants import fence, fence_check, schemas
from tenants.models import Agency

MEND: Final = fence_check._MEND
_CHECK: Final = (
    "import django; django.setup(); from tenants import fence_check; print(fence_check.gaps_now())"
)

pytestmark = pytest.mark.skipif(
    fence.login() == fence.owner(), reason="One role is both here, and owns what there is."
)


@dataclass(frozen=True, slots=True)
class Names:
    """What the lines name: one agency's schema and role, and the two roles of all."""

    schema: str
    role: str
    group: str
    login: str


@pytest.fixture
def names(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Names]:
    """No transaction is open: what the owner changes is seen at once, and is mended afterwards."""
    with django_db_blocker.unblock():
        schema = _schemas()[0]
        yield Names(schema, fence.role_of(schema), fence.group(), fence.login())
        with connections["owner"].cursor() as cursor:
            fence.install(cursor)
            fence.enclose(cursor, schema, schemas.relations_in(schema))
        connections.close_all()


def _schemas() -> list[str]:
    return list(Agency.objects.order_by("slug").values_list("schema_name", flat=True))


def _gaps() -> list[str]:
    with connections["default"].cursor() as cursor:
        return fence_check.missing(cursor, schemas=_schemas())


def _as_owner(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def test_a_whole_fence_has_no_gap(names: Names) -> None:
    assert (len(_schemas()), _gaps()) == (2, [])


@pytest.mark.parametrize("many", [1, 3])
def test_the_check_asks_the_same_for_one_agency_as_for_three(names: Names, many: int) -> None:
    default = connections["default"]
    with CaptureQueriesContext(default) as seen, default.cursor() as cursor:
        found = fence_check.missing(cursor, schemas=[names.schema] * many)
    assert (found, len(seen)) == ([], 8)


GAPS: Final = {
    "a table": (
        "REVOKE SELECT ON public.tenants_domain FROM {group}",
        "Missing: GRANT SELECT ON public.tenants_domain TO {group} (a member's pages name it)",
    ),
    "a column": (
        "REVOKE SELECT (last_login) ON public.tenants_user FROM {group}",
        (
            "Missing: GRANT SELECT (last_login) ON public.tenants_user TO {group}"
            " (the people page says when somebody last came)"
        ),
    ),
    "what the service reads": (
        "REVOKE DELETE ON public.tenants_handoff FROM {login}",
        "Missing: GRANT SELECT, INSERT, UPDATE, DELETE ON public.tenants_handoff TO {login}",
    ),
    "a row policy": (
        "DROP POLICY of_one_agency ON public.tenants_duework",
        "Missing: the row policies of public.tenants_duework",
    ),
    "row policies for the owner too": (
        "ALTER TABLE public.tenants_apikey NO FORCE ROW LEVEL SECURITY",
        "Missing: the row policies of public.tenants_apikey",
    ),
    "row policies of people": (
        "DROP POLICY of_one_agency ON public.tenants_user",
        "Missing: the row policies of public.tenants_user",
    ),
    "the way to an agency's role": (
        "REVOKE {role} FROM {login}",
        "Missing: GRANT {role} TO {login}",
    ),
    "an agency's role in the group": (
        "REVOKE {group} FROM {role}",
        "Missing: GRANT {group} TO {role}",
    ),
    "an agency's own schema": (
        "REVOKE USAGE ON SCHEMA {schema} FROM {role}",
        "Missing: GRANT USAGE ON SCHEMA {schema} TO {role}",
    ),
}


@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_is_named_in_one_line(names: Names, gap: str) -> None:
    statement, line = GAPS[gap]
    _as_owner(statement.format(**asdict(names)))
    assert _gaps() == [f"{line.format(**asdict(names))}: {MEND}."]


def test_what_is_too_much_is_named(names: Names) -> None:
    _as_owner(f"GRANT USAGE ON SCHEMA {names.schema} TO {names.login}")
    assert _gaps() == [f"Too much: {names.login} reaches the schema {names.schema} by itself."]


def test_a_role_that_is_not_there_is_named(names: Names) -> None:
    with connections["default"].cursor() as cursor:
        found = fence_check.missing(cursor, schemas=[names.schema, "a_nowhere"])
    assert found == [f"Missing: the role {fence.role_of('a_nowhere')}: {MEND}."]


def test_a_process_starts_only_inside_a_whole_fence(names: Names) -> None:
    fence_check.demand_whole()

    _as_owner(GAPS["a table"][0].format(**asdict(names)))

    with pytest.raises(fence_check.FenceBroken, match="GRANT SELECT ON public"):
        fence_check.demand_whole()


def test_the_check_knows_by_the_catalog_who_owns_the_tables(names: Names) -> None:
    """Processes that serve are not told the owner's address, and must see the same."""
    told = subprocess.run(
        [sys.executable, "-c", _CHECK],
        env={
            **{name: value for name, value in os.environ.items() if "OWNER" not in name},
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"

    with connections["owner"].cursor() as cursor:
        assert fence_check._SAME_ROLE in fence_check.missing(cursor, schemas=[])
