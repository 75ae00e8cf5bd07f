"""Identifiers made by us, not by the database, so that a row has its name before it is written."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a version 7 UUID: unique, and in the order of making within one process."""
    return uuid7()
