from django.db import migrations, models

from tenants.operations import AddPublicIndexConcurrently


class Migration(migrations.Migration):
    atomic = False  # the index is built beside those who write
    dependencies = [("tenants", "0005_storeroute_synced_at")]

    operations = [
        AddPublicIndexConcurrently(
            model_name="inboundevent",
            index=models.Index(
                condition=models.Q(("handled_at", None)),
                fields=["received_at"],
                name="inbound_event_waiting",
            ),
        ),
    ]
