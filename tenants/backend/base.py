"""The database backend that keeps each statement inside the scope in force.

Stock django-tenants sets the search path once per cursor and session, which a transaction pooler,
a savepoint rollback or a late queryset turns into another agency's rows. Here one ``set_config``
statement, local to the transaction, goes before a statement whenever the scope differs from what
the transaction has in force. It also takes the agency's own role, which has no way into another
agency's schema (``tenants.fence``), and limits how long a statement runs or waits: one that hangs
must not keep a web thread for good.
"""

from collections.abc import Callable
from typing import Any, Final

import psycopg
from django_tenants.postgresql_backend import base
from psycopg_pool import ConnectionPool

from tenants import fence, scope

_PUBLIC: Final = "public"
_UNKNOWN: Final = object()
_SET = (
    "SELECT set_config('search_path', %s, true), set_config('app.agency', %s, true),"
    " set_config('role', %s, true), set_config('statement_timeout', '60s', true),"
    " set_config('lock_timeout', '10s', true)"
)
_LOGIN: Final = "none"  # PostgreSQL's word for the role that logged in
_TRANSACTION_WORDS = ("SAVEPOINT", "ROLLBACK", "RELEASE")
_MOST_TRIES: Final = 4  # what was in use when it was cut may come back to the pool meanwhile


def _works(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._in_force: object = None  # None: nothing set, the role's own search path (public)
        self._setting = False
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._keep_scope)

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:  # noqa: FBT001, FBT002
        """Refuse what would switch the schema behind the scope's back."""
        if tenant.schema_name != _PUBLIC:
            raise RuntimeError("Enter tenants.scope.agency(): nothing else leads into an agency.")
        super().set_tenant(tenant, include_public)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection that works: of a pool too, whose server may have come back anew.

        The pool's own check throws away one stale connection a second. What cut one, a restart
        say, has mostly cut them all, so all that lie idle are made anew at once.
        """
        for _ in range(_MOST_TRIES):
            connection = super().get_new_connection(conn_params)
            if not self.pool or _works(connection):
                return connection
            self.pool.putconn(connection)
            self.pool.drain()
        raise psycopg.OperationalError("The pool gives no connection that works.")

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Do nothing: the scope is kept statement by statement."""

    def _keep_scope(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,  # noqa: FBT001 - Django's signature
        context: Any,
    ) -> Any:
        if not self._setting and not str(sql).startswith(_TRANSACTION_WORDS):
            self.enforce_scope()
        return execute(sql, params, many, context)

    def enforce_scope(self) -> None:
        """Bring the transaction's search path in line with the scope.

        Called before each statement; code that speaks to psycopg directly (COPY) calls it first.

        Raises:
            NoScope: if an agency's scope is in force but no transaction is open.
        """
        wanted = scope.current()
        if self._in_force is wanted or self._in_force == wanted:
            return
        if not self.in_atomic_block:
            if wanted is None:
                self._in_force = None
                return
            raise scope.NoScope("Agency SQL outside a transaction.")
        values = [_PUBLIC, "", _LOGIN]
        if wanted is not None:
            role = fence.role_of(wanted.schema)
            values = [f'"{wanted.schema}", {_PUBLIC}', str(wanted.id), role]
        self._setting = True
        try:
            with self.cursor() as cursor:
                cursor.execute(_SET, values)
        finally:
            self._setting = False
        self._in_force = wanted

    def commit(self) -> None:
        super().commit()
        self._in_force = None

    def rollback(self) -> None:
        self._in_force = None
        super().rollback()

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        self._in_force = _UNKNOWN

    def close(self) -> None:
        self._in_force = None
        super().close()
