from django.db import migrations, models


class Migration(migrations.Migration):
    """Tells ready, claimed and started work apart. Each column has its default in the database,
    so that the code before this one goes on writing rows."""

    dependencies = [("tenants", "0002_cache_table")]

    operations = [
        migrations.AddField(
            "duework", "ready", models.BooleanField(default=False, db_default=False)
        ),
        migrations.AddField(
            "duework", "claims", models.PositiveIntegerField(default=0, db_default=0)
        ),
        migrations.AddField(
            "duework", "started", models.PositiveSmallIntegerField(default=0, db_default=0)
        ),
    ]
