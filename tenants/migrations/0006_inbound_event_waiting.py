from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built beside those who write
    dependencies = [("tenants", "0005_storeroute_synced_at")]

    operations = [
        AddIndexConcurrently(
            model_name="inboundevent",
            index=models.Index(
                condition=models.Q(("handled_at", None)),
                fields=["received_at"],
                name="inbound_event_waiting",
            ),
        ),
    ]
