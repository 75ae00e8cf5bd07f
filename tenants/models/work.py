from django.db import models
from django.db.models import Q

from tenants.models.agencies import Agency


class DueWork(models.Model):
    """One piece of work that is due: the truth of every job; the queue only carries its id."""

    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=100, blank=True)
    period = models.CharField(max_length=40, blank=True)  # unique with kind and subject
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    asked = models.PositiveIntegerField(default=1)  # grows when asked for again meanwhile
    done_at = models.DateTimeField(null=True)
    quarantined_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "kind", "subject", "period"], name="due_work_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(done_at=None, quarantined_at=None),
                name="due_work_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
