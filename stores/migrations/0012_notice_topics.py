import django.db.models.deletion
from django.db import migrations, models

import tenants.base
import tenants.ids
import tenants.scope


class Migration(migrations.Migration):
    dependencies = [
        ("stores", "0011_files_of_every_kind"),
        ("tenants", "0011_consent_links"),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeRead",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("agency_id", models.UUIDField(default=tenants.scope.current_id, editable=False)),
                ("topic", models.CharField(max_length=64)),
                ("read_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="notice",
            name="topic",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("kind", "news")),
                fields=["topic", "-received_at"],
                name="notice_news",
            ),
        ),
        migrations.AddField(
            model_name="noticeread",
            name="member",
            field=tenants.base.MembershipKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="tenants.membership",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticeread",
            constraint=models.UniqueConstraint(fields=("member", "topic"), name="notice_read_once"),
        ),
    ]
