from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from checklist.models.procedures import Assignee, Procedure, ProcedureItem, Proof, Schedule
from stores.models import Store
from tenants import scope
from tenants.base import AgencyModel, AgencyQuerySet, MembershipKey

NOTE_LENGTH = 2000


class RoundQuerySet(AgencyQuerySet["Round"]):
    def open(self) -> Self:
        return self.filter(state=Round.State.OPEN)


class Round(AgencyModel):
    """One procedure at one store in one window: answered in it, or missed and left so."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        MISSED = "missed", _("Missed")

    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="rounds")
    schedule = models.ForeignKey(
        Schedule, on_delete=models.SET_NULL, null=True, related_name="rounds"
    )
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="rounds")
    opens_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closes_at = models.DateTimeField()  # from then on it takes no answer
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    done_at = models.DateTimeField(null=True)
    item_ids = ArrayField(models.UUIDField())  # as the procedure stood when the round opened
    answered = models.PositiveSmallIntegerField(default=0)
    failed = models.PositiveSmallIntegerField(default=0)
    assignee = models.CharField(max_length=8, choices=Assignee, default=Assignee.TEAM)
    member = MembershipKey(null=True)
    role = models.ForeignKey(
        "tenants.Role",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        null=True,
    )

    objects: ClassVar = RoundQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "store", "opens_at"], name="round_once_an_opening"
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("opens_at")) & Q(closes_at__gte=F("due_at")),
                name="round_window_runs_forward",
            ),
            models.CheckConstraint(
                condition=Q(state="done", done_at__isnull=False)
                | (~Q(state="done") & Q(done_at=None)),
                name="round_done_has_its_time",
            ),
            models.CheckConstraint(
                condition=(
                    Q(assignee="team", member=None, role=None)
                    | Q(assignee="member", member__isnull=False, role=None)
                    | Q(assignee="role", member=None, role__isnull=False)
                ),
                name="round_is_for_one_assignee",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-opens_at"], name="round_of_store"),
            models.Index(
                fields=["due_at", "id"], condition=Q(state="open"), name="round_open_by_due"
            ),
            models.Index(
                fields=["schedule", "closes_at"],
                condition=Q(state="open"),
                name="round_open_by_closing",
            ),
        ]
        verbose_name = _("round")

    def __str__(self) -> str:
        return str(self.procedure)

    @property
    def total(self) -> int:
        return len(self.item_ids)


def photo_path(tick: "Tick", filename: str) -> str:
    """Return where a tick's photo is kept: under its agency, by id; the name given is not used."""
    suffix = filename.rsplit(".", 1)[-1]
    return f"{scope.current_id()}/ticks/{tick.pk}.{suffix}"


class Tick(AgencyModel):
    """One item's answer in one round, with its proof. An answer that falls stays, superseded."""

    class Result(models.TextChoices):
        PASS = "pass", _("Pass")
        FAIL = "fail", _("Fail")
        NA = "na", _("Does not apply")

    class Superseded(models.TextChoices):
        UNDONE = "undone", _("Undone")
        CHANGED = "changed", _("Answered anew")
        CONTRADICTED = "contradicted", _("Reopened by data")

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="ticks")
    item = models.ForeignKey(ProcedureItem, on_delete=models.PROTECT, related_name="ticks")
    result = models.CharField(max_length=4, choices=Result)
    value = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    photo = models.FileField(upload_to=photo_path, max_length=120, blank=True)
    proof = models.CharField(max_length=8, choices=Proof)
    member = MembershipKey(null=True)  # null: data, or an integration
    at = models.DateTimeField()
    # What data said when the item was answered, by metric: {"value", "measured_at", "source",
    # "reading"}; all that was fresh, within its limit or not.
    readings = models.JSONField(default=dict)
    superseded_at = models.DateTimeField(null=True)
    superseded_because = models.CharField(max_length=12, choices=Superseded, blank=True)
    superseded_by = MembershipKey(null=True)
    contradiction = models.JSONField(null=True)  # the reading that reopened it, with its metric

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "item"],
                condition=Q(superseded_at=None),
                name="tick_in_force_once",
            ),
            models.CheckConstraint(
                condition=~Q(proof="data") | Q(result="pass", member=None),
                name="tick_by_data_is_a_pass",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None, superseded_because="", contradiction=None)
                | (Q(superseded_at__isnull=False) & ~Q(superseded_because="")),
                name="tick_superseded_has_its_reason",
            ),
        ]
        indexes = [models.Index(fields=["item", "-at"], name="tick_of_item")]
        verbose_name = _("tick")

    def __str__(self) -> str:
        return self.get_result_display()
