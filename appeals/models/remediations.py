from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from stores.models import Store
from stores.models.checks import moments_can_be_meant
from tenants.base import AgencyModel, MembershipKey


class Remediation(AgencyModel):
    """One piece of work on a cause, with owner, steps and due date."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")

    class Origin(models.TextChoices):
        VIOLATION = "violation", _("Violation")
        TICK = "tick", _("Failed check")
        PERSON = "person", _("By a member")

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=160)
    detail = models.TextField(_("detail"), blank=True)  # internal
    origin_kind = models.CharField(max_length=12, choices=Origin, default=Origin.PERSON)
    origin_id = models.UUIDField(null=True)
    origin_text = models.CharField(max_length=300, blank=True)
    owner = MembershipKey(null=True)
    due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    opened_by = MembershipKey(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = MembershipKey(null=True)
    outcome = models.CharField(max_length=1000, blank=True)  # what was done, or why it was dropped

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "origin_kind", "origin_id"],
                condition=Q(state="open", origin_id__isnull=False),
                name="remediation_open_once_an_origin",
            ),
            models.CheckConstraint(
                condition=Q(state="open", done_at=None)
                | ~Q(state="open") & Q(done_at__isnull=False),
                name="remediation_ended_at_some_time",
            ),
            moments_can_be_meant("due_at"),
        ]
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="remediation_by_due"),
            models.Index(fields=["origin_kind", "origin_id"], name="remediation_by_origin"),
        ]
        verbose_name = _("remediation task")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("appeals:remediation", args=[self.pk])


class RemediationStep(AgencyModel):
    remediation = models.ForeignKey(Remediation, on_delete=models.CASCADE, related_name="steps")
    order = models.PositiveSmallIntegerField()
    text = models.CharField(_("step"), max_length=300)
    done_at = models.DateTimeField(null=True)
    done_by = MembershipKey(null=True)

    class Meta:
        ordering = ("order", "id")
        constraints = [
            models.UniqueConstraint(fields=["remediation", "order"], name="step_order_once"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=False) | Q(done_by=None), name="step_done_at_some_time"
            ),
        ]
        verbose_name = _("step")

    def __str__(self) -> str:
        return self.text
