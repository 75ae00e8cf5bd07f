from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from checklist.core import Plan
from stores.models import Client, Store, StoreGroup
from tenants.base import AgencyModel, MembershipKey

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def in_language(english: str, chinese: str) -> str:
    """Return the text in the reader's language where it was written in it, else in English."""
    return chinese if chinese and (get_language() or "").startswith("zh") else english


class Proof(models.TextChoices):
    DATA = "data", _("Data")
    PERSON = "person", _("Person")
    MIXED = "mixed", _("Mixed")


class Assignee(models.TextChoices):
    TEAM = "team", _("The store's team")
    ROLE = "role", _("A role")
    MEMBER = "member", _("A member")


class Procedure(AgencyModel):
    """What is checked at a store, again and again: a list of items."""

    key = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=80)
    name_zh = models.CharField(_("name in Chinese"), max_length=80, blank=True)
    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="procedure_key_once")]
        ordering = ("name", "id")
        verbose_name = _("procedure")

    def __str__(self) -> str:
        return in_language(self.name, self.name_zh)


class ProcedureItem(AgencyModel):
    """One thing to look at. Once answered it is not edited: a new row takes its place and key."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="items")
    key = models.SlugField(max_length=40)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    title = models.CharField(_("title"), max_length=120)
    title_zh = models.CharField(_("title in Chinese"), max_length=120, blank=True)
    how_to = models.TextField(_("how to check"), max_length=2000, blank=True)
    how_to_zh = models.TextField(_("how to check, in Chinese"), max_length=2000, blank=True)
    proof = models.CharField(_("proof"), max_length=8, choices=Proof, default=Proof.PERSON)
    needs_value = models.BooleanField(_("asks for a value"), default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "key"], condition=Q(is_active=True), name="item_key_once"
            )
        ]
        ordering = ("order", "id")
        verbose_name = _("item")

    def __str__(self) -> str:
        return in_language(self.title, self.title_zh)

    @property
    def steps(self) -> list[str]:
        """The lines of how to check, in the reader's language."""
        text = in_language(self.how_to, self.how_to_zh)
        return [line.strip() for line in text.splitlines() if line.strip()]


class ItemLimit(AgencyModel):
    """Within which limit a metric's newest reading speaks for a pass, and how old it may be."""

    class Comparator(models.TextChoices):
        AT_MOST = "at_most", _("at most")
        AT_LEAST = "at_least", _("at least")
        EXACTLY = "exactly", _("exactly")

    item = models.ForeignKey(ProcedureItem, on_delete=models.CASCADE, related_name="limits")
    order = models.PositiveSmallIntegerField(default=0)
    metric = models.CharField(_("metric"), max_length=40)  # a code of stores.metrics
    comparator = models.CharField(max_length=8, choices=Comparator, default=Comparator.AT_MOST)
    value = models.DecimalField(_("limit"), max_digits=16, decimal_places=4)
    max_age = models.DurationField(_("a reading counts for"), default=timedelta(hours=24))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "metric"], name="limit_once_a_metric"),
            models.CheckConstraint(
                condition=Q(max_age__gt=timedelta(0)), name="limit_max_age_positive"
            ),
        ]
        ordering = ("order", "id")

    def __str__(self) -> str:
        return f"{self.metric} {self.comparator} {self.value.normalize():f}"


class Schedule(AgencyModel):
    """At which stores a procedure is due, when, and whose work it is."""

    class Reach(models.TextChoices):
        ALL = "all", _("All stores")
        GROUP = "group", _("A group")
        CLIENT = "client", _("A client")
        STORE = "store", _("One store")

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="schedules")
    reach = models.CharField(_("stores"), max_length=8, choices=Reach, default=Reach.ALL)
    group = models.ForeignKey(
        StoreGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    store = models.ForeignKey(
        Store, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    assignee = models.CharField(
        _("whose work"), max_length=8, choices=Assignee, default=Assignee.TEAM
    )
    member = MembershipKey(null=True, blank=True)
    role = models.ForeignKey(
        "tenants.Role",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        null=True,
        blank=True,
    )
    times = ArrayField(models.TimeField())  # of the store's own clock
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list)  # Monday is 0
    length = models.DurationField(_("time to do it"))
    is_active = models.BooleanField(_("in use"), default=True)
    opened_until = models.DateTimeField()  # the rounds that open by then have been opened

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(reach="all", group=None, client=None, store=None)
                    | Q(reach="group", group__isnull=False, client=None, store=None)
                    | Q(reach="client", group=None, client__isnull=False, store=None)
                    | Q(reach="store", group=None, client=None, store__isnull=False)
                ),
                name="schedule_reaches_one_thing",
            ),
            models.CheckConstraint(
                condition=(
                    Q(assignee="team", member=None, role=None)
                    | Q(assignee="member", member__isnull=False, role=None)
                    | Q(assignee="role", member=None, role__isnull=False)
                ),
                name="schedule_is_for_one_assignee",
            ),
            models.CheckConstraint(
                condition=Q(length__gt=timedelta(0), length__lte=timedelta(hours=24)),
                name="schedule_length_within_a_day",
            ),
        ]
        ordering = ("procedure", "id")
        verbose_name = _("schedule")

    def __str__(self) -> str:
        return str(self.procedure)

    @property
    def plan(self) -> Plan:
        return Plan(tuple(sorted(self.times)), frozenset(self.weekdays), self.length)
