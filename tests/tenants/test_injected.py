"""What SQL of an attacker would reach inside an agency's scope: the fence holds no such statement.

PostgreSQL lets the role that logged in take any of its roles, whatever role is in force, so that
the fence stops a program that forgot whose rows it asks for, not one that lets strangers write SQL.
Here stands what such a statement could do, so that a change of it is noticed.
"""

from typing import Any, Final

import pytest
from django.db import ProgrammingError, connection, transaction

from stores.models import Client
from tenants import fence, scope
from tenants.models import Agency

REFUSED: Final = "refused"
THEIRS: Final = [("Theirs",)]

# Parts of the statements: what they name, and how they take what is another's.
_PARTS: Final = {
    "as_the_other": "WITH put AS MATERIALIZED (SELECT set_config('role', '{role}', true) AS done)",
    "for_the_other": (
        "WITH put AS MATERIALIZED (SELECT set_config('app.agency', '{agency}', true) AS done)"
    ),
    "names": "$$SELECT array_to_tsvector(ARRAY[name]) FROM {table}$$",
    "domains": "SELECT FROM tenants_domain WHERE tenant_id = '{agency}' AND done IS NOT NULL",
    "own_names": "SELECT name FROM stores_client WHERE name = %s",
}

# By what it does: a statement, and what it reaches of the other agency.
INJECTED: Final[dict[str, tuple[str, Any]]] = {
    "the other's table": ("SELECT name FROM {table}", REFUSED),
    "the other's table by a function": ("SELECT word FROM ts_stat({names})", REFUSED),
    "its role and its table": ("{as_the_other} SELECT name FROM put, {table}", REFUSED),
    "its role and its table by a function": (
        "{as_the_other} SELECT word FROM put, LATERAL ts_stat({names} || left(done, 0))",
        THEIRS,
    ),
    "its id and a public table": (
        "{for_the_other} SELECT 'Theirs' FROM put, LATERAL ({domains} OFFSET 0) found",
        THEIRS,
    ),
    "a second statement": (
        "{own_names}; SET LOCAL ROLE {role}; SELECT name FROM {table}",
        THEIRS,
    ),
}


@pytest.mark.parametrize(("statement", "reached"), INJECTED.values(), ids=INJECTED.keys())
def test_an_injected_statement_reaches_no_more_than_is_known(
    agency: Agency, other_agency: Agency, statement: str, reached: Any
) -> None:
    with scope.agency(other_agency):
        Client.objects.create(name="Theirs")
    schema = other_agency.schema_name
    names = {
        "table": f'"{schema}".stores_client',
        "role": fence.role_of(schema),
        "agency": other_agency.pk,
    }

    parts = {name: part.format(**names) for name, part in _PARTS.items()}

    with transaction.atomic():
        found = _last_rows(statement.format(**names, **parts))
        transaction.set_rollback(True)

    assert found == reached


def _last_rows(statement: str) -> Any:
    values = ["Nobody"] if "%s" in statement else None
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement, values)
        except ProgrammingError:
            return REFUSED
        found = cursor.fetchall()
        while cursor.nextset():
            found = cursor.fetchall() if cursor.description else []
        return found
