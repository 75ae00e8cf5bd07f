from django.db import migrations


class Migration(migrations.Migration):
    """The role of owners holds what it takes to delete an agency; admins do not."""

    dependencies = [("tenants", "0007_agencies_life")]

    operations = [
        migrations.RunSQL(
            sql="""
            UPDATE tenants_role SET capabilities = array_append(capabilities, 'agency.delete')
            WHERE code = 'owner' AND NOT 'agency.delete' = ANY (capabilities)
            """,
            reverse_sql="""
            UPDATE tenants_role SET capabilities = array_remove(capabilities, 'agency.delete')
            """,
        )
    ]
