from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="storeroute",
            name="synced_at",
            field=models.DateTimeField(null=True),
        ),
    ]
