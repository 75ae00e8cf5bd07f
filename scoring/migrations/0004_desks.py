from datetime import UTC, datetime
import django.db.models.deletion
import tenants.base
import tenants.ids
import tenants.scope
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0003_figureswitch"),
        ("stores", "0001_initial"),
        ("tenants", "0008_owners_may_delete"),
    ]

    operations = [
        migrations.AddField(
            model_name="storerating",
            name="drift_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="Explanation",
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
                ("reason", models.CharField(max_length=300)),
                ("explained_at", models.DateTimeField()),
                (
                    "entry",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="scoring.ledgerentry",
                    ),
                ),
                (
                    "explained_by",
                    tenants.base.MembershipKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.membership",
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.notice",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.store",
                    ),
                ),
                (
                    "violation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.violation",
                    ),
                ),
            ],
            options={
                "verbose_name": "explanation",
                "constraints": [
                    models.UniqueConstraint(fields=("notice",), name="notice_explained_once"),
                    models.UniqueConstraint(fields=("violation",), name="violation_explained_once"),
                    models.UniqueConstraint(fields=("entry",), name="entry_explained_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("notice__isnull", False),
                            ("violation__isnull", False),
                            ("entry__isnull", False),
                            _connector="OR",
                        ),
                        name="explanation_is_of_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="explanation_gives_a_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Quiz",
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
                (
                    "kind",
                    models.CharField(
                        choices=[("points", "Points"), ("milestone", "Milestone")], max_length=10
                    ),
                ),
                ("title", models.CharField(max_length=160)),
                ("milestone", models.CharField(blank=True, max_length=40)),
                ("worth", models.PositiveIntegerField(null=True)),
                ("offered_at", models.DateTimeField()),
                ("open_until", models.DateTimeField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("passed", "Passed"),
                            ("lapsed", "Lapsed"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("passed_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField(null=True)),
                ("source", models.CharField(max_length=16)),
                ("recorded_at", models.DateTimeField()),
                (
                    "entry",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.ledgerentry",
                    ),
                ),
                (
                    "passed_by",
                    tenants.base.MembershipKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.membership",
                    ),
                ),
                (
                    "recorded_by",
                    tenants.base.MembershipKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.membership",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.store",
                    ),
                ),
            ],
            options={
                "verbose_name": "quiz",
                "verbose_name_plural": "quizzes",
                "indexes": [models.Index(fields=["state", "open_until"], name="quiz_closing")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "milestone"), ("state", "open")),
                        fields=("store", "milestone"),
                        name="quiz_of_a_milestone_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "milestone"),
                                models.Q(("milestone", ""), _negated=True),
                                ("worth", None),
                            ),
                            models.Q(("ends_at", None), ("kind", "points"), ("milestone", "")),
                            _connector="OR",
                        ),
                        name="quiz_is_of_its_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("passed_at__isnull", False), ("state", "passed")),
                            models.Q(
                                models.Q(("state", "passed"), _negated=True),
                                ("ends_at", None),
                                ("entry", None),
                                ("passed_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="quiz_passed_at_a_moment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("open_until", None),
                            ("open_until__gt", models.F("offered_at")),
                            _connector="OR",
                        ),
                        name="quiz_ends_after_its_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("offered_at", None),
                                models.Q(
                                    (
                                        "offered_at__gte",
                                        datetime(2015, 1, 1, 0, 0, tzinfo=UTC),
                                    ),
                                    (
                                        "offered_at__lt",
                                        datetime(2101, 1, 1, 0, 0, tzinfo=UTC),
                                    ),
                                ),
                                _connector="OR",
                            ),
                            models.Q(
                                ("open_until", None),
                                models.Q(
                                    (
                                        "open_until__gte",
                                        datetime(2015, 1, 1, 0, 0, tzinfo=UTC),
                                    ),
                                    (
                                        "open_until__lt",
                                        datetime(2101, 1, 1, 0, 0, tzinfo=UTC),
                                    ),
                                ),
                                _connector="OR",
                            ),
                            models.Q(
                                ("passed_at", None),
                                models.Q(
                                    (
                                        "passed_at__gte",
                                        datetime(2015, 1, 1, 0, 0, tzinfo=UTC),
                                    ),
                                    (
                                        "passed_at__lt",
                                        datetime(2101, 1, 1, 0, 0, tzinfo=UTC),
                                    ),
                                ),
                                _connector="OR",
                            ),
                            models.Q(
                                ("ends_at", None),
                                models.Q(
                                    (
                                        "ends_at__gte",
                                        datetime(2015, 1, 1, 0, 0, tzinfo=UTC),
                                    ),
                                    (
                                        "ends_at__lt",
                                        datetime(2101, 1, 1, 0, 0, tzinfo=UTC),
                                    ),
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="quiz_moments_can_be_meant",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Restoration",
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
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("granted", "Appeal granted"),
                            ("corrected", "Corrected in time"),
                            ("marketplace", "Changed by the marketplace"),
                            ("mistake", "Our mistake"),
                        ],
                        max_length=12,
                    ),
                ),
                ("points", models.PositiveIntegerField()),
                ("decided_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Not confirmed yet"),
                            ("confirmed", "Confirmed by the marketplace"),
                            ("void", "Needless"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "seen_in",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.platformrating",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.store",
                    ),
                ),
                (
                    "violation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.violation",
                    ),
                ),
            ],
            options={
                "verbose_name": "check of points given back",
                "indexes": [
                    models.Index(
                        fields=["store", "state", "decided_at"], name="restoration_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("violation", "reason", "decided_at"), name="restoration_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at", None), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                ("settled_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="restoration_settled_at_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_at", None),
                            models.Q(
                                (
                                    "decided_at__gte",
                                    datetime(2015, 1, 1, 0, 0, tzinfo=UTC),
                                ),
                                (
                                    "decided_at__lt",
                                    datetime(2101, 1, 1, 0, 0, tzinfo=UTC),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="restoration_moments_can_be_meant",
                    ),
                ],
            },
        ),
    ]
