"""What every model in an agency's schema is built on."""

from collections.abc import Collection
from typing import Any, Self
from uuid import UUID

from django.db import models

from tenants import ids, scope


class AgencyModel(models.Model):
    """A row of one agency: it carries the agency's id and is refused in any other scope."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    agency_id = models.UUIDField(default=scope.current_id, editable=False)

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
