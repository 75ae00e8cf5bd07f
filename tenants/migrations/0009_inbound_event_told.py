from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_owners_may_delete")]

    operations = [
        migrations.AddField(
            model_name="inboundevent",
            name="type",
            field=models.CharField(db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="inboundevent",
            name="sent_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="inboundevent",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("asked", "Asked for a sync"),
                    ("ended", "Ended the connection"),
                    ("warned", "Told how long the authorization lasts"),
                    ("late", "Changed nothing, as what is known is newer"),
                    ("noted", "Nothing to do"),
                    ("unknown", "Unknown type, kept as it came"),
                ],
                db_default="",
                default="",
                max_length=8,
            ),
        ),
    ]
