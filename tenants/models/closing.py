from datetime import datetime, timedelta
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants import ids
from tenants.models.agencies import Agency
from tenants.models.people import Membership

CONFIRM_WITHIN: Final = timedelta(days=7)
GRACE: Final = timedelta(days=30)


class AgencyDeletion(models.Model):
    """One wish to delete an agency: asked by one person, confirmed by another, then 30 days off."""

    class Outcome(models.TextChoices):
        CALLED_OFF = "called_off", _("called off")
        LAPSED = "lapsed", _("not confirmed in time")
        DONE = "done", _("deleted")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(  # null beside a moment: the service's operator
        Membership, on_delete=models.PROTECT, related_name="+", null=True
    )
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    owner_ids = ArrayField(models.UUIDField(), default=list)  # users told that it is done

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency"], condition=Q(ended_at=None), name="agency_deletion_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.asked_at:%Y-%m-%d}"

    @property
    def confirm_by(self) -> datetime:
        return self.asked_at + CONFIRM_WITHIN

    @property
    def removed_at(self) -> datetime:
        """When what the agency holds is removed; only once it was confirmed."""
        assert self.confirmed_at is not None
        return self.confirmed_at + GRACE

    def waits(self, *, at: datetime) -> bool:
        """Tell whether a second person may still confirm."""
        return self.ended_at is None and self.confirmed_at is None and at < self.confirm_by
