from django.db import migrations, models


class Migration(migrations.Migration):
    """A rule that some agency's rows do not keep."""

    dependencies = [("trail", "0001_initial")]

    operations = [
        migrations.AddConstraint(
            "auditevent",
            models.CheckConstraint(condition=~models.Q(action="odd"), name="no_odd_action"),
        )
    ]
