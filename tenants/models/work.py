from django.db import models
from django.db.models import Q

from tenants.models.agencies import Agency

_WAITING = Q(done_at=None, quarantined_at=None)


class DueWork(models.Model):
    """One piece of work that is due: the truth of every job; the queue only carries its id.

    It waits until ``due_at``, is ready, is claimed (``claimed_until`` is its lease), is started,
    and ends: done, waiting again, or set aside.
    """

    agency = models.ForeignKey(  # found by due_work_once, which begins with it
        Agency, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=100, blank=True)
    period = models.CharField(max_length=40, blank=True)  # unique with kind and subject
    due_at = models.DateTimeField()
    ready = models.BooleanField(default=False, db_default=False)  # its moment came; may be claimed
    claimed_until = models.DateTimeField(null=True)
    claims = models.PositiveIntegerField(
        default=0, db_default=0
    )  # only grows: one message's number
    started = models.PositiveSmallIntegerField(default=0, db_default=0)  # runs without a known end
    attempts = models.PositiveSmallIntegerField(default=0)  # tries that failed
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
            models.Index(fields=["due_at"], condition=_WAITING, name="due_work_waiting"),
            models.Index(
                fields=["due_at"],
                condition=_WAITING & Q(ready=False, claimed_until=None),
                name="due_work_coming",
            ),
            # Read agency by agency: a claim goes from one that has ready work to the next.
            models.Index(
                fields=["kind", "agency", "due_at"],
                condition=_WAITING & Q(ready=True),
                name="due_work_ready",
            ),
            models.Index(
                fields=["claimed_until"],
                condition=_WAITING & Q(claimed_until__isnull=False),
                name="due_work_claimed",
            ),
            models.Index(
                fields=["agency", "quarantined_at"],
                condition=Q(quarantined_at__isnull=False),
                name="due_work_set_aside",
            ),
            models.Index(
                fields=["done_at"], condition=Q(done_at__isnull=False), name="due_work_done"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
