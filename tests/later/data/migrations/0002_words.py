from typing import Any

from django.db import migrations


def shorten(apps: Any, schema_editor: Any) -> None:
    event = apps.get_model("trail", "AuditEvent")
    for row in event.objects.using(schema_editor.connection.alias).filter(action="long"):
        event.objects.using(schema_editor.connection.alias).filter(pk=row.pk).update(action="short")


class Migration(migrations.Migration):
    """Rows are read: what it does in one schema it does not do in another."""

    dependencies = [("trail", "0001_initial")]

    operations = [migrations.RunPython(shorten, migrations.RunPython.noop)]
