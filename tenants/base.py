"""What every model in an agency's schema is built on."""

from collections.abc import Collection, Iterator
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import sql
from django.db.models.query import RawQuerySet

from tenants import ids, scope

_Row = TypeVar("_Row", bound=models.Model)


class AgencyQuery(sql.Query):
    """A query that remembers the scope it was built in, and is compiled in no other.

    Every way to evaluate one compiles it: rows, values, counts, subqueries inside another query.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = scope.current()

    def get_compiler(self, *args: Any, **kwargs: Any) -> Any:
        scope.demand_same(self.place)
        return super().get_compiler(*args, **kwargs)

    def chain(self, klass: Any = None) -> Any:
        if klass is not None:  # an update, which is made when it is run
            scope.demand_same(self.place)
        return super().chain(klass)


class _AgencyRawQuerySet(RawQuerySet):  # type: ignore[type-arg] # no subscript at run time
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = scope.current()

    def iterator(self) -> Iterator[Any]:
        scope.demand_same(self.place)
        return super().iterator()


class AgencyQuerySet(models.QuerySet[_Row]):
    """Rows of the agency in whose scope it was built.

    Evaluated in another scope, or in none, it raises ``scope.LateQuery``.
    """

    def __init__(
        self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None
    ) -> None:
        if query is None and model is not None:
            query = AgencyQuery(model)
        super().__init__(model=model, query=query, using=using, hints=hints)

    def raw(
        self,
        raw_query: Any,
        params: Any = (),
        translations: dict[str, str] | None = None,
        using: str | None = None,
    ) -> "RawQuerySet[Any]":
        found: RawQuerySet[Any] = _AgencyRawQuerySet(
            raw_query,
            model=self.model,
            params=params,
            translations=translations,
            using=using or self.db,
        )
        return found

    def _raw_delete(self, using: str | None) -> int:
        query: Any = self.query
        scope.demand_same(query.place)
        return super()._raw_delete(using)


AgencyManager = models.Manager.from_queryset(AgencyQuerySet)


class AgencyModel(models.Model):
    """A row of one agency: it carries the agency's id and is refused in any other scope.

    ``is_append_only``: its agency's role may neither change nor delete a row.
    """

    is_append_only: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    agency_id = models.UUIDField(default=scope.current_id, editable=False)

    objects = AgencyManager()

    class Meta:
        abstract = True

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any
    ) -> Self:
        """Build an instance from a row.

        Raises:
            ForeignRow: if the row belongs to another agency than the one in scope.
        """
        row = super().from_db(db, field_names, values, **kwargs)
        owner: UUID | None = row.__dict__.get("agency_id")
        if owner is not None and owner != scope.current_id():
            raise scope.ForeignRow(f"A {cls.__name__} row of another agency was read.")
        return row


class PublicSecret(models.CharField):  # type: ignore[type-arg]
    """A text of a public table that no agency's role may read: inside a scope it reads as None."""

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        if scope.current() is None:
            return super().select_format(compiler, sql, params)
        return "NULL", ()

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", list(args), kwargs  # the column is a plain one


class MembershipKey(models.ForeignKey):  # type: ignore[type-arg]
    """A foreign key from an agency's row to a membership, which lives in the public schema.

    It has no database constraint and no reverse accessor: with one, deleting a user would walk
    every agency's schema. Memberships are deactivated, never deleted.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {
            "to": "tenants.Membership",
            "on_delete": models.DO_NOTHING,
            "db_constraint": False,
            "related_name": "+",
        }
        super().__init__(**kwargs)
