from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

_WAITING = Q(done_at=None, quarantined_at=None)


class Migration(migrations.Migration):
    """One index for each state of due work, made while work goes on.

    Each run of a job leaves five dead row versions, at the very ends of the indexes where claims
    look; so the table is vacuumed by hundreds of them and not by a fifth of its size.
    """

    atomic = False
    dependencies = [("tenants", "0003_due_work_states")]

    operations = [
        # Each run writes its row five times; due_work_once finds an agency's rows as well.
        migrations.AlterField(
            "duework",
            "agency",
            models.ForeignKey(
                "tenants.Agency",
                on_delete=models.CASCADE,
                related_name="+",
                db_index=False,
            ),
        ),
        *(
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
        ),
        migrations.RunSQL(
            "ALTER TABLE tenants_duework SET (autovacuum_vacuum_scale_factor = 0.01,"
            " autovacuum_vacuum_threshold = 500, autovacuum_analyze_scale_factor = 0.05)",
            "ALTER TABLE tenants_duework RESET (autovacuum_vacuum_scale_factor,"
            " autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor)",
        ),
    ]
