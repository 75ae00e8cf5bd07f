from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

_WAITING = Q(done_at=None, quarantined_at=None)


class Migration(migrations.Migration):
    """One index for each state of due work, made while work goes on."""

    atomic = False
    dependencies = [("tenants", "0002_due_work_states")]

    operations = [
        AddIndexConcurrently("duework", index)
        for index in (
            models.Index(
                fields=["due_at"],
                condition=_WAITING & Q(ready=False, claimed_until=None),
                name="due_work_coming",
            ),
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
        )
    ]
