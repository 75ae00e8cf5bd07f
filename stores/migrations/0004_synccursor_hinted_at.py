from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stores", "0003_what_a_sync_fetches")]

    operations = [
        migrations.AddField(
            model_name="synccursor", name="hinted_at", field=models.DateTimeField(null=True)
        ),
    ]
