"""The switch for figures of third parties: rows that are only added, as the ledger's are."""

import tenants.base
import tenants.ids
import tenants.scope
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0002_history"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FigureSwitch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("agency_id", models.UUIDField(default=tenants.scope.current_id, editable=False)),
                ("book", models.CharField(max_length=80)),
                ("figure", models.CharField(max_length=80)),
                ("is_on", models.BooleanField()),
                ("switched_at", models.DateTimeField()),
                ("switched_by", tenants.base.MembershipKey(null=True)),
            ],
            options={
                "verbose_name": "figure of a rulebook",
                "indexes": [
                    models.Index(
                        fields=["book", "figure", "-switched_at", "-id"], name="figure_newest"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            sql="""
            CREATE FUNCTION refuse_switch_change() RETURNS trigger LANGUAGE plpgsql AS $body$
            BEGIN RAISE EXCEPTION 'figure_switch_is_append_only'; END $body$;
            CREATE TRIGGER figure_switch_is_append_only
            BEFORE UPDATE OR DELETE ON scoring_figureswitch
            FOR EACH ROW EXECUTE FUNCTION refuse_switch_change();
            """,
            reverse_sql="""
            DROP TRIGGER figure_switch_is_append_only ON scoring_figureswitch;
            DROP FUNCTION refuse_switch_change();
            """,
        ),
    ]
