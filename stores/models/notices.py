from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from stores.models.checks import moments_can_be_meant
from stores.models.stores import Store
from tenants.base import AgencyModel, MembershipKey


class Notice(AgencyModel):
    """A message from the marketplace, kept as received."""

    class Trust(models.TextChoices):
        PROVEN = "proven", _("Proven")
        UNVERIFIED = "unverified", _("Unverified")
        SUSPICIOUS = "suspicious", _("Suspicious")

    class Kind(models.TextChoices):
        VIOLATION = "violation", _("Violation")
        WARNING = "warning", _("Warning")
        MILESTONE = "milestone", _("Milestone")
        INACTIVITY = "inactivity", _("Inactivity")
        NEGATIVE_BALANCE = "negative_balance", _("Negative balance")
        HEALTH_REPORT = "health_report", _("Health report")
        APPEAL_RESULT = "appeal_result", _("Outcome of an appeal")
        CORRECTION_RESULT = "correction_result", _("Outcome of a correction")
        NEWS = "news", _("News")
        OTHER = "other", _("Something else")

    class State(models.TextChoices):
        ACTED = "acted", _("Acted on")
        READ = "read", _("Read, nothing to do")
        TRIAGE = "triage", _("Waits for a person")
        SET_ASIDE = "set_aside", _("Set aside")
        UNDONE = "undone", _("Undone")

    OTHER_STORE = "other_store"  # a reason: it names another store than whose address it came to

    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, related_name="notices")
    channel = models.CharField(max_length=8)  # "mail", "paste", "file"
    kind = models.CharField(max_length=24, choices=Kind, blank=True)  # "": not read
    trust = models.CharField(max_length=16, choices=Trust)
    trust_reasons = models.JSONField(default=list)
    state = models.CharField(max_length=16, choices=State)
    reason = models.CharField(max_length=200, blank=True)  # why it waits
    sender = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)  # sealed: the words a person reads
    original = models.TextField(blank=True)  # sealed: the bytes as received, base64
    digest = models.CharField(max_length=64)
    # The same for the same words to many stores; "": not known.
    topic = models.CharField(max_length=64, blank=True, default="", db_default="")
    did = models.JSONField(default=list)  # what acting on it wrote, and what stood there before
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    handled_by = MembershipKey(null=True)
    handled_at = models.DateTimeField(null=True)
    recognised_by = models.ForeignKey(
        "stores.TaughtForm", on_delete=models.SET_NULL, null=True, related_name="recognised"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["digest", "store"], nulls_distinct=False, name="notice_once"
            )
        ]
        indexes = [
            models.Index(fields=["-received_at", "id"], name="notice_newest"),
            models.Index(fields=["kind", "-received_at", "id"], name="notice_newest_of_kind"),
            models.Index(
                fields=["topic", "-received_at"], condition=Q(kind="news"), name="notice_news"
            ),
        ]
        verbose_name = _("notice")

    def __str__(self) -> str:
        return self.subject or self.get_kind_display()


class NoticeRead(AgencyModel):
    """That a member has read an announcement, at whichever stores it came to."""

    member = MembershipKey()
    topic = models.CharField(max_length=64)  # a notice's, or its id where it has none
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "topic"], name="notice_read_once")]

    def __str__(self) -> str:
        return self.topic


class Violation(AgencyModel):
    """A breach that the marketplace reported."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        ENFORCED = "enforced", _("Enforced")
        LAPSED = "lapsed", _("Lapsed")
        REVERSED = "reversed", _("Reversed")
        ROLLED_OFF = "rolled_off", _("Rolled off")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="violations")
    reference = models.CharField(_("reference"), max_length=64, null=True, blank=True)  # noqa: DJ001 - unknown is not ""
    rule = models.CharField(_("rule"), max_length=60)  # a rulebook's code, or "other"
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    points = models.IntegerField(_("points"), null=True, blank=True)  # <= 0; None: not stated
    points_low = models.IntegerField(null=True, blank=True)  # the range, as positive numbers
    points_high = models.IntegerField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.ENFORCED)
    reported_at = models.DateTimeField(_("reported"))
    enforced_at = models.DateTimeField(_("points taken"), null=True, blank=True)
    correct_by = models.DateTimeField(_("correct by"), null=True, blank=True)
    appeal_by = models.DateTimeField(_("appeal by"), null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)  # only where the notice states it
    source = models.CharField(max_length=16)  # as a reading's
    notice = models.ForeignKey(
        Notice, on_delete=models.SET_NULL, null=True, blank=True, related_name="violations"
    )
    recorded_at = models.DateTimeField()
    recorded_by = MembershipKey(null=True)
    note = models.TextField(_("internal note"), blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "reference"],
                condition=Q(reference__isnull=False),
                name="violation_reference_once",
            ),
            models.CheckConstraint(
                condition=Q(points=None) | Q(points__lte=0), name="violation_points_are_taken"
            ),
            moments_can_be_meant(
                "reported_at", "enforced_at", "correct_by", "appeal_by", "expires_at"
            ),
        ]
        indexes = [models.Index(fields=["store", "-reported_at", "id"], name="violation_newest")]
        verbose_name = _("violation")

    def __str__(self) -> str:
        return self.reference or self.rule


class Enforcement(AgencyModel):
    """What the marketplace did about a violation or milestone besides points."""

    class Kind(models.TextChoices):
        WARNING = "warning", _("Warning")
        LISTING_LIMIT = "listing_limit", _("No new listings")
        LISTING_REMOVED = "listing_removed", _("Listing removed")
        CAMPAIGN_BLOCK = "campaign_block", _("No campaigns")
        AFFILIATE_BLOCK = "affiliate_block", _("No affiliates")
        VISIBILITY = "visibility", _("Less visible")
        ORDER_LIMIT = "order_limit", _("Fewer orders")
        SETTLEMENT_HOLD = "settlement_hold", _("Settlement held")
        WITHDRAWAL_HOLD = "withdrawal_hold", _("Withdrawals held")
        BALANCE_DEDUCTION = "balance_deduction", _("Balance deducted")
        SUSPENDED = "suspended", _("Suspended")
        CLOSED = "closed", _("Closed")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="enforcements")
    kind = models.CharField(max_length=24, choices=Kind)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=16)
    violation = models.ForeignKey(
        Violation, on_delete=models.SET_NULL, null=True, blank=True, related_name="enforcements"
    )
    milestone = models.CharField(max_length=40, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = MembershipKey(null=True)
    withdrawn_at = models.DateTimeField(null=True)  # the notice that told of it was undone

    class Meta:
        constraints = [moments_can_be_meant("starts_at", "ends_at")]
        indexes = [models.Index(fields=["store", "-starts_at"], name="enforcement_newest")]
        verbose_name = _("enforcement")

    def __str__(self) -> str:
        return self.get_kind_display()


class Alert(AgencyModel):
    """Something at a store that somebody must look at; one open alert a store and code."""

    class Severity(models.TextChoices):
        CRITICAL = "critical", _("Critical")
        WARNING = "warning", _("Warning")
        INFO = "info", _("Info")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        RESOLVED = "resolved", _("Resolved")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="alerts")
    code = models.CharField(max_length=60)
    severity = models.CharField(max_length=16, choices=Severity)
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    title = models.CharField(max_length=200)  # msgid with placeholders, filled from detail
    detail = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    owner = MembershipKey(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "code"],
                condition=~Q(state="resolved"),
                name="alert_open_once",
            )
        ]
        indexes = [models.Index(fields=["-opened_at", "id"], name="alert_newest")]
        verbose_name = _("alert")

    def __str__(self) -> str:
        return self.code
