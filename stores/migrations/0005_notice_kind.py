from django.db import migrations, models

_RENAME = """
UPDATE stores_notice SET kind = renamed.new
FROM (VALUES
    ('rating', 'health_report'),
    ('appeal', 'appeal_result'),
    ('balance', 'negative_balance'),
    ('correction', 'correction_result'),
    ('policy_news', 'news'),
    ('enforcement', 'milestone'),
    ('quiz', 'other'),
    ('appeal_waiting', 'other')
) AS renamed (old, new)
WHERE kind = renamed.old
"""
_KINDS = [
    ("violation", "Violation"),
    ("warning", "Warning"),
    ("milestone", "Milestone"),
    ("inactivity", "Inactivity"),
    ("negative_balance", "Negative balance"),
    ("health_report", "Health report"),
    ("appeal_result", "Outcome of an appeal"),
    ("correction_result", "Outcome of a correction"),
    ("news", "News"),
    ("other", "Something else"),
]


class Migration(migrations.Migration):
    """What a notice is becomes one of a closed list; so far it was any word of a parser."""

    dependencies = [("stores", "0004_synccursor_hinted_at")]

    operations = [
        migrations.RunSQL(_RENAME, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(blank=True, choices=_KINDS, max_length=24),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["kind", "-received_at", "id"], name="notice_newest_of_kind"),
        ),
    ]
