from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from stores.models import Enforcement, Notice, Store, Violation
from stores.models.checks import moments_can_be_meant
from tenants.base import AgencyModel, MembershipKey


class LedgerEntry(AgencyModel):
    """One immutable change of a store's points.

    Never edited or deleted: no agency's role may, and a trigger refuses both to everyone.
    """

    is_append_only: ClassVar = True

    class Kind(models.TextChoices):
        DEDUCTION = "deduction", _("Deduction")
        BONUS = "bonus", _("Bonus")
        REVERSAL = "reversal", _("Reversal")
        ADJUSTMENT = "adjustment", _("Adjustment")

    class CountsAs(models.TextChoices):
        DEDUCTION = "deduction", _("Deduction")
        BONUS = "bonus", _("Bonus")
        NONE = "none", _("Only in the sum")

    class Reason(models.TextChoices):
        GRANTED = "granted", _("Appeal granted")
        CORRECTED = "corrected", _("Corrected in time")
        MARKETPLACE = "marketplace", _("Changed by the marketplace")
        MISTAKE = "mistake", _("Our mistake")

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind)
    points = models.IntegerField()
    counts_as = models.CharField(max_length=12, choices=CountsAs, blank=True)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="reversals"
    )
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    occurred_at = models.DateTimeField()
    # A stated expiry that is null means never; where none is stated, the rulebook tells it.
    is_expiry_stated = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True)
    estimate_low = models.PositiveIntegerField(null=True)
    estimate_high = models.PositiveIntegerField(null=True)
    rule = models.CharField(max_length=60, blank=True)
    orders = models.PositiveIntegerField(null=True)  # which a weekly order bonus counts
    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, null=True, related_name="+")
    source = models.CharField(max_length=16)
    source_ref = models.CharField(max_length=100, null=True)  # noqa: DJ001 - unique where present
    note = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = MembershipKey(null=True)
    # Written by the database itself, a reversal's as its entry's: by which moment the rulebook
    # dates the end (null where one is stated), and whether it counts among the points deducted.
    dated_at = models.DateTimeField(null=True, editable=False)
    is_deduction = models.BooleanField(db_default=False, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "source", "source_ref"],
                condition=Q(source_ref__isnull=False),
                name="ledger_source_once",
            ),
            models.CheckConstraint(
                condition=~Q(kind="deduction") | Q(points__lte=0), name="deduction_takes_points"
            ),
            models.CheckConstraint(
                condition=~Q(kind="bonus") | Q(points__gte=0), name="bonus_gives_points"
            ),
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False)
                | (~Q(kind="reversal") & Q(reverses=None)),
                name="reversal_names_its_entry",
            ),
            models.CheckConstraint(
                condition=(Q(kind="adjustment") & ~Q(counts_as=""))
                | (~Q(kind="adjustment") & Q(counts_as="")),
                name="adjustment_says_what_it_counts_as",
            ),
            models.CheckConstraint(
                condition=Q(occurred_at__lte=F("recorded_at")), name="ledger_not_in_the_future"
            ),
            moments_can_be_meant("occurred_at", "expires_at"),
        ]
        # The last four are for the sums of a whole fleet.
        indexes = [
            models.Index(fields=["store", "-occurred_at", "-id"], name="ledger_newest"),
            models.Index(
                fields=["store", "dated_at"],
                include=["points", "is_deduction", "occurred_at", "recorded_at"],
                name="ledger_dated",
            ),
            models.Index(
                fields=["store"],
                include=["points", "recorded_at"],
                condition=Q(points__lt=0, reverses=None),
                name="ledger_lost",
            ),
            models.Index(fields=["store"], condition=Q(dated_at=None), name="ledger_stated"),
            models.Index(
                fields=["store"], condition=Q(estimate_high__isnull=False), name="ledger_estimates"
            ),
        ]
        verbose_name = _("ledger entry")

    def __str__(self) -> str:
        return f"{self.kind} {self.points:+d}"


class PlatformRating(AgencyModel):
    """What the marketplace itself showed at a moment; withdrawn if its notice was undone."""

    class Measure(models.TextChoices):
        RATING = "rating", _("Rating")
        POINTS_DEDUCTED = "points_deducted", _("Points deducted")

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    value = models.IntegerField()
    measure = models.CharField(max_length=16, choices=Measure, default=Measure.RATING)
    observed_at = models.DateTimeField()
    source = models.CharField(max_length=16)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = MembershipKey(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "measure", "observed_at", "value"], name="platform_rating_once"
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="platform_rating_not_negative"),
            moments_can_be_meant("observed_at"),
        ]
        indexes = [
            models.Index(
                fields=["store", "-observed_at", "-id"],
                include=["value", "measure", "recorded_at", "withdrawn_at"],
                name="platform_rating_newest",
            )
        ]
        verbose_name = _("platform rating")

    def __str__(self) -> str:
        return f"{self.measure} {self.value}"


class ToldEnforcement(AgencyModel):
    """An enforcement as it was known from one moment until it was told anew, for recall."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    enforcement = models.ForeignKey(Enforcement, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24, choices=Enforcement.Kind)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enforcement"],
                condition=Q(withdrawn_at=None),
                name="enforcement_told_once_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["store", "starts_at"], name="told_enforcement_of_store")]
        verbose_name = _("enforcement as told")

    def __str__(self) -> str:
        return self.get_kind_display()


class PeriodEnd(AgencyModel):
    """Word that what a milestone started ends at another time, by a quiz or the marketplace."""

    class By(models.TextChoices):
        MARKETPLACE = "marketplace", _("Marketplace")
        QUIZ = "quiz", _("Milestone quiz")

    is_append_only: ClassVar = True

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    milestone = models.CharField(max_length=60)  # a code of the store's rulebook
    ends_at = models.DateTimeField()
    said_at = models.DateTimeField()
    by = models.CharField(max_length=12, choices=By)
    recorded_at = models.DateTimeField()
    recorded_by = MembershipKey(null=True)

    class Meta:
        constraints = [moments_can_be_meant("said_at", "ends_at")]
        indexes = [models.Index(fields=["store", "said_at"], name="period_end_of_store")]
        verbose_name = _("end of a restriction")

    def __str__(self) -> str:
        return self.milestone


class PointsUnknown(AgencyModel):
    """A violation in force while neither notice nor rulebook tells its points, for recall."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="+")
    occurred_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # as the notice states; else the rulebook tells it
    recorded_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["violation"],
                condition=Q(settled_at=None),
                name="points_unknown_once_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["store", "occurred_at"], name="points_unknown_of_store")]
        verbose_name = _("violation of unknown points")

    def __str__(self) -> str:
        return str(self.violation_id)


class StoreRating(AgencyModel):
    """Our current answer about a store: a cache of the sweep at (now, now), one row a store."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="+")
    rating = models.IntegerField(null=True)
    raw = models.IntegerField(null=True)
    points_deducted = models.IntegerField(null=True)
    band = models.CharField(max_length=12)
    label = models.CharField(max_length=60, blank=True)
    label_zh = models.CharField(max_length=60, blank=True)
    standing = models.CharField(max_length=12)
    rulebook = models.CharField(max_length=80, blank=True)
    closed_since = models.DateTimeField(null=True)
    day_ago = models.IntegerField(null=True)
    week_ago = models.IntegerField(null=True)
    spark = models.JSONField(default=list)  # 30 daily ratings, oldest first; null: unknown
    platform_value = models.IntegerField(null=True)
    platform_measure = models.CharField(max_length=16, blank=True)
    platform_at = models.DateTimeField(null=True)
    drift = models.IntegerField(null=True)
    is_drift_alert = models.BooleanField(default=False)
    drift_since = models.DateTimeField(null=True)  # the first of the observations that differ
    milestone = models.CharField(max_length=60, blank=True)  # the nearest one not reached
    milestone_measure = models.CharField(max_length=16, blank=True)
    milestone_at = models.IntegerField(null=True)
    milestone_distance = models.IntegerField(null=True)
    is_near_milestone = models.BooleanField(default=False)  # within the book's warning distance
    next_expiry_at = models.DateTimeField(null=True)
    next_expiry_points = models.IntegerField(null=True)
    in_force = models.JSONField(default=list)  # what milestones let us expect, as rating._expected
    evaluated_at = models.DateTimeField()
    next_change_at = models.DateTimeField(null=True)

    heard_at: datetime | None = None  # of a stale one: when a channel was last alive; no column

    class Meta:
        indexes = [models.Index(fields=["rating", "store"], name="store_rating_worst")]

    def __str__(self) -> str:
        return f"{self.rating} {self.band}"

    @property
    def drift_url(self) -> str:
        """Return where the difference from the marketplace's number is explained."""
        return reverse("scoring:store_drift", args=[self.store_id])


class Restoration(AgencyModel):
    """The check that points given back came back on the marketplace's own number as well.

    It stays open until a platform rating from after the decision agrees with ours, the reversal
    among it; one that has become needless (the points expired, or were taken again) is void.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Not confirmed yet")
        CONFIRMED = "confirmed", _("Confirmed by the marketplace")
        VOID = "void", _("Needless")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=12, choices=LedgerEntry.Reason)
    points = models.PositiveIntegerField()  # given back
    decided_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    seen_in = models.ForeignKey(
        PlatformRating, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["violation", "reason", "decided_at"], name="restoration_once"
            ),
            models.CheckConstraint(
                condition=(Q(state="open", settled_at=None))
                | (~Q(state="open") & Q(settled_at__isnull=False)),
                name="restoration_settled_at_once",
            ),
            moments_can_be_meant("decided_at"),
        ]
        indexes = [
            models.Index(fields=["store", "state", "decided_at"], name="restoration_waiting")
        ]
        verbose_name = _("check of points given back")

    def __str__(self) -> str:
        return f"{self.points:+d} {self.violation}"


class Explanation(AgencyModel):
    """A member's word on a notice without a record, or a record without a notice.

    With a notice and a violation it says that the one told of the other.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, null=True, related_name="+")
    violation = models.ForeignKey(Violation, on_delete=models.CASCADE, null=True, related_name="+")
    entry = models.ForeignKey(LedgerEntry, on_delete=models.CASCADE, null=True, related_name="+")
    reason = models.CharField(max_length=300)
    explained_at = models.DateTimeField()
    explained_by = MembershipKey(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice"], name="notice_explained_once"),
            models.UniqueConstraint(fields=["violation"], name="violation_explained_once"),
            models.UniqueConstraint(fields=["entry"], name="entry_explained_once"),
            models.CheckConstraint(
                condition=Q(notice__isnull=False)
                | Q(violation__isnull=False)
                | Q(entry__isnull=False),
                name="explanation_is_of_something",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="explanation_gives_a_reason"),
        ]
        verbose_name = _("explanation")

    def __str__(self) -> str:
        return self.reason


class Quiz(AgencyModel):
    """A quiz that the marketplace offers: one gives points, one shortens a milestone's period."""

    class Kind(models.TextChoices):
        POINTS = "points", _("Points")
        MILESTONE = "milestone", _("Milestone")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        PASSED = "passed", _("Passed")
        LAPSED = "lapsed", _("Lapsed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    title = models.CharField(max_length=160)  # as the marketplace calls it, or the rule it is about
    milestone = models.CharField(max_length=40, blank=True)  # a code of the rulebook
    worth = models.PositiveIntegerField(null=True)  # points; None: the marketplace does not say
    offered_at = models.DateTimeField()
    open_until = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    passed_at = models.DateTimeField(null=True)
    passed_by = MembershipKey(null=True)
    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="+")
    ends_at = models.DateTimeField(null=True)  # the new end of the milestone's restriction
    source = models.CharField(max_length=16)
    recorded_at = models.DateTimeField()
    recorded_by = MembershipKey(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "milestone"],
                condition=Q(kind="milestone", state="open"),
                name="quiz_of_a_milestone_once",
            ),
            models.CheckConstraint(
                condition=(Q(kind="milestone") & ~Q(milestone="") & Q(worth=None))
                | Q(kind="points", milestone="", ends_at=None),
                name="quiz_is_of_its_kind",
            ),
            models.CheckConstraint(
                condition=(Q(state="passed", passed_at__isnull=False))
                | (~Q(state="passed") & Q(passed_at=None, entry=None, ends_at=None)),
                name="quiz_passed_at_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(open_until=None) | Q(open_until__gt=F("offered_at")),
                name="quiz_ends_after_its_start",
            ),
            moments_can_be_meant("offered_at", "open_until", "passed_at", "ends_at"),
        ]
        indexes = [models.Index(fields=["state", "open_until"], name="quiz_closing")]
        verbose_name = _("quiz")
        verbose_name_plural = _("quizzes")

    def __str__(self) -> str:
        return self.title


class FigureSwitch(AgencyModel):
    """One act of letting a third party's figure into the sum, or of taking it out again.

    Rows are only added, as a trigger sees to: the newest by a moment says how a figure stood then,
    so that what was known then never changes. ``figure`` is a name of ``Rulebook.third_party``.
    """

    is_append_only: ClassVar = True

    book = models.CharField(max_length=80)
    figure = models.CharField(max_length=80)
    is_on = models.BooleanField()
    switched_at = models.DateTimeField()
    switched_by = MembershipKey(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["book", "figure", "-switched_at", "-id"], name="figure_newest")
        ]
        verbose_name = _("figure of a rulebook")

    def __str__(self) -> str:
        return f"{self.book} · {self.figure}"
