from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_due_work_indexes")]

    operations = [
        migrations.AddField(
            model_name="storeroute",
            name="synced_at",
            field=models.DateTimeField(null=True),
        ),
    ]
