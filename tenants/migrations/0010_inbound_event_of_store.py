from django.db import migrations, models

from tenants.operations import AddPublicIndexConcurrently


class Migration(migrations.Migration):
    atomic = False  # the index is built beside those who write
    dependencies = [("tenants", "0009_inbound_event_told")]

    operations = [
        AddPublicIndexConcurrently(
            model_name="inboundevent",
            index=models.Index(fields=["store_id", "-received_at"], name="inbound_event_of_store"),
        ),
    ]
