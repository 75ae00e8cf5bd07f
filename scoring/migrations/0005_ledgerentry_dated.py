from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0004_desks")]

    operations = [
        migrations.AddField(
            model_name="ledgerentry",
            name="dated_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="is_deduction",
            field=models.BooleanField(db_default=False, editable=False),
        ),
        # An entry's own facts never change, so a reversal may keep a copy of them.
        migrations.RunSQL(
            sql="""
            CREATE FUNCTION date_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $body$
            BEGIN
              IF NEW.reverses_id IS NULL THEN
                NEW.dated_at := CASE WHEN NOT NEW.is_expiry_stated THEN NEW.occurred_at END;
                NEW.is_deduction := NEW.kind = 'deduction' OR NEW.counts_as = 'deduction';
              ELSE
                SELECT entry.dated_at, entry.is_deduction INTO NEW.dated_at, NEW.is_deduction
                FROM scoring_ledgerentry AS entry WHERE entry.id = NEW.reverses_id;
              END IF;
              RETURN NEW;
            END $body$;
            CREATE TRIGGER ledger_entry_is_dated
            BEFORE INSERT ON scoring_ledgerentry
            FOR EACH ROW EXECUTE FUNCTION date_ledger_entry();

            ALTER TABLE scoring_ledgerentry DISABLE TRIGGER ledger_is_append_only;
            UPDATE scoring_ledgerentry AS entry
            SET
              dated_at = CASE WHEN NOT told.is_expiry_stated THEN told.occurred_at END,
              is_deduction = told.kind = 'deduction' OR told.counts_as = 'deduction'
            FROM scoring_ledgerentry AS told
            WHERE told.id = COALESCE(entry.reverses_id, entry.id);
            ALTER TABLE scoring_ledgerentry ENABLE TRIGGER ledger_is_append_only;
            """,
            reverse_sql="""
            DROP TRIGGER ledger_entry_is_dated ON scoring_ledgerentry;
            DROP FUNCTION date_ledger_entry();
            """,
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                fields=["store", "dated_at"],
                include=["points", "is_deduction", "occurred_at", "recorded_at"],
                name="ledger_dated",
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                fields=["store"],
                include=["points", "recorded_at"],
                condition=models.Q(("points__lt", 0), ("reverses", None)),
                name="ledger_lost",
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                fields=["store"],
                condition=models.Q(("dated_at", None)),
                name="ledger_stated",
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                fields=["store"],
                condition=models.Q(("estimate_high__isnull", False)),
                name="ledger_estimates",
            ),
        ),
        migrations.RemoveIndex(model_name="platformrating", name="platform_rating_newest"),
        migrations.AddIndex(
            model_name="platformrating",
            index=models.Index(
                fields=["store", "-observed_at", "-id"],
                include=["value", "measure", "recorded_at", "withdrawn_at"],
                name="platform_rating_newest",
            ),
        ),
    ]
