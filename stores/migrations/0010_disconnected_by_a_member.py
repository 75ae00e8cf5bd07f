from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("stores", "0009_pushes_asked_for"),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE stores_connection SET state = 'disconnected' WHERE problem = 'disconnected'",
            "UPDATE stores_connection SET state = 'revoked' WHERE state = 'disconnected'",
        ),
    ]
