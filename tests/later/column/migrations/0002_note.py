import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column more in a table that is there, and a table more."""

    dependencies = [("trail", "0001_initial")]

    operations = [
        migrations.AddField("auditevent", "note", models.TextField(null=True)),
        migrations.CreateModel(
            name="Remark",
            fields=[
                ("id", models.UUIDField(primary_key=True, default=uuid.uuid4)),
                ("agency_id", models.UUIDField()),
                ("number", models.BigIntegerField(null=True)),
            ],
        ),
    ]
