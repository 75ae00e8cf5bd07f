from typing import Final

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from stores.models import Enforcement, Notice, Store, Violation
from stores.models.checks import moments_can_be_meant
from tenants import scope
from tenants.base import AgencyModel, MembershipKey


class Appeal(AgencyModel):
    """A formal dispute of a violation or an enforcement; its newest attempt tells its state."""

    class State(models.TextChoices):
        DRAFTING = "drafting", _("Drafting")
        IN_REVIEW = "in_review", _("In review")
        READY = "ready", _("Ready to file")
        FILED = "filed", _("Filed")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        LAPSED = "lapsed", _("Lapsed")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXHAUSTED = "exhausted", _("Refused, no attempt left")

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    violation = models.OneToOneField(
        Violation, on_delete=models.PROTECT, null=True, related_name="+"
    )
    enforcement = models.OneToOneField(
        Enforcement, on_delete=models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(max_length=12, choices=State, default=State.DRAFTING)
    attempts_allowed = models.PositiveSmallIntegerField()
    owner = MembershipKey(null=True)
    opened_at = models.DateTimeField()
    opened_by = MembershipKey(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(violation__isnull=False, enforcement=None)
                | Q(violation=None, enforcement__isnull=False),
                name="appeal_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(attempts_allowed__gte=1), name="appeal_allows_an_attempt"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-changed_at", "id"], name="appeal_by_state"),
            models.Index(fields=["store", "-opened_at"], name="appeal_of_store"),
        ]
        verbose_name = _("appeal")

    def __str__(self) -> str:
        return str(self.violation or self.enforcement)

    def get_absolute_url(self) -> str:
        return reverse("appeals:case", args=[self.pk])


class Attempt(AgencyModel):
    """One try of an appeal, from its empty draft to its outcome."""

    class State(models.TextChoices):
        DRAFTING = "drafting", _("Drafting")
        IN_REVIEW = "in_review", _("In review")
        READY = "ready", _("Ready to file")
        FILED = "filed", _("Filed")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        LAPSED = "lapsed", _("Lapsed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Channel(models.TextChoices):
        APPEAL_FORM = "appeal_form", _("Appeal form")
        CONTACT_FORM = "contact_form", _("Contact form")

    appeal = models.ForeignKey(Appeal, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=State, default=State.DRAFTING)
    opened_at = models.DateTimeField()
    file_by = models.DateTimeField(null=True)  # null: neither notice nor rulebook says
    channel = models.CharField(max_length=16, choices=Channel, default=Channel.APPEAL_FORM)
    grounds = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)  # of the draft, so that nobody overwrites
    drafted_by = MembershipKey(null=True)
    drafted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    asked_by = MembershipKey(null=True)
    reviewed_by = MembershipKey(null=True)
    reviewed_at = models.DateTimeField(null=True)
    returned_reason = models.CharField(max_length=1000, blank=True)
    filed_by = MembershipKey(null=True)
    filed_at = models.DateTimeField(null=True)
    filing_reference = models.CharField(max_length=64, blank=True)  # the marketplace's own
    decided_at = models.DateTimeField(null=True)
    outcome_note = models.CharField(max_length=2000, blank=True)
    outcome_notice = models.ForeignKey(
        Notice, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    points_back = models.PositiveIntegerField(null=True)  # what was given back when granted
    points_seen_at = models.DateTimeField(null=True)  # the platform rating that shows them

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["appeal", "number"], name="attempt_number_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["filed", "granted", "refused"]) | Q(filed_at__isnull=False),
                name="attempt_is_filed_at_some_time",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=False, state__in=["granted", "refused"])
                | Q(decided_at=None) & ~Q(state__in=["granted", "refused"]),
                name="attempt_is_decided_with_its_outcome",
            ),
            moments_can_be_meant("file_by", "decided_at"),
        ]
        indexes = [models.Index(fields=["state", "file_by"], name="attempt_by_window")]
        verbose_name = _("attempt")

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.number}"

    @property
    def is_unfiled(self) -> bool:
        return self.state in UNFILED


UNFILED: Final = (Attempt.State.DRAFTING, Attempt.State.IN_REVIEW, Attempt.State.READY)
SPENT: Final = (Attempt.State.FILED, Attempt.State.GRANTED, Attempt.State.REFUSED)


def evidence_path(evidence: "Evidence", filename: str) -> str:
    """Return where a file is kept: under its agency, by id; the name given is not used."""
    suffix = filename.rsplit(".", 1)[-1]
    return f"{scope.current_id()}/evidence/{evidence.pk}.{suffix}"


class Evidence(AgencyModel):
    """A document that supports an attempt, fixed by its digest once it is in."""

    class Kind(models.TextChoices):
        FILE = "file", _("File")
        LINK = "link", _("Link")
        NOTE = "note", _("Internal note")

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="evidence")
    title = models.CharField(max_length=160)
    kind = models.CharField(max_length=8, choices=Kind)
    file = models.FileField(upload_to=evidence_path, max_length=120, blank=True)
    url = models.URLField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(null=True)  # bytes of a file
    added_by = MembershipKey(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="file", url="", text="") & ~Q(file="")
                | Q(kind="link", file="", text="") & ~Q(url="")
                | Q(kind="note", file="", url="") & ~Q(text=""),
                name="evidence_is_of_its_kind",
            )
        ]
        verbose_name = _("evidence")

    def __str__(self) -> str:
        return self.title

    @property
    def suffix(self) -> str:
        return str(self.file.name).rsplit(".", 1)[-1] if self.file else ""
