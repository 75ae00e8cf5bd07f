"""What the database refuses in more than one model."""

from typing import Final

from django.db.models import CheckConstraint, Q

from stores.moments import EARLIEST, LATEST

_NAME: Final = "%(class)s_moments_can_be_meant"


def moments_can_be_meant(*fields: str) -> CheckConstraint:
    """Return the constraint of a model that these moments, where told, can be meant."""
    can_be = Q()
    for name in fields:
        can_be &= Q(**{name: None}) | Q(**{f"{name}__gte": EARLIEST, f"{name}__lt": LATEST})
    return CheckConstraint(condition=can_be, name=_NAME)
