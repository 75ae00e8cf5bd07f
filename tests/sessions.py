"""Ends a session of the database as a fault would."""

from typing import Any

import psycopg
from django.conf import settings


def end_session(connection: Any) -> bool:
    """End the session of a Django connection, from another session of the same role."""
    login = settings.DATABASES[connection.alias]
    with psycopg.connect(
        host=login["HOST"],
        port=login["PORT"],
        user=login["USER"],
        password=login["PASSWORD"],
        dbname=login["NAME"],
    ) as other:
        pid = connection.connection.info.backend_pid
        (told,) = other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchall()
    return bool(told[0])
