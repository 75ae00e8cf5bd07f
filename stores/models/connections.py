from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from stores import problems
from stores.models.checks import moments_can_be_meant
from stores.models.stores import Store
from tenants.base import AgencyModel, MembershipKey


class Connection(AgencyModel):
    """A store's authorization at its marketplace; the tokens are sealed."""

    class State(models.TextChoices):
        CONNECTING = "connecting", _("Connecting")
        CHOOSING = "choosing", _("Waits for your choice of shop")
        CONNECTED = "connected", _("Connected")
        REVOKED = "revoked", _("Authorization withdrawn")
        EXPIRED = "expired", _("Authorization expired")
        REFUSED = "refused", _("Refused")
        DISCONNECTED = "disconnected", _("Disconnected")

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="connection")
    state = models.CharField(max_length=16, choices=State, default=State.CONNECTING)
    shop_id = models.CharField(max_length=64, blank=True)
    shop_name = models.CharField(max_length=200, blank=True)
    shop_cipher = models.TextField(blank=True)  # sealed
    access_token = models.TextField(blank=True)  # sealed
    refresh_token = models.TextField(blank=True)  # sealed
    access_expires_at = models.DateTimeField(null=True)
    refresh_expires_at = models.DateTimeField(null=True)  # also when the authorization ends
    refresh_started_at = models.DateTimeField(null=True)
    scopes = ArrayField(models.CharField(max_length=80), default=list)
    offered = models.TextField(blank=True)  # sealed: the shops to choose from, JSON
    problem = models.CharField(max_length=200, blank=True)  # a code of stores.problems
    pushes_at = models.DateTimeField(null=True)  # since when the marketplace pushes to us
    # Why it does not, a code likewise.
    pushes_problem = models.CharField(max_length=40, blank=True, default="", db_default="")
    connected_by = MembershipKey(null=True)
    connected_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.store_id} {self.state}"

    @property
    def is_live(self) -> bool:
        return self.state == self.State.CONNECTED

    @property
    def pushes_words(self) -> str:
        """Return why the marketplace does not push, in the reader's language."""
        return str(problems.text(self.pushes_problem))


class SyncCursor(AgencyModel):
    """How far one kind of data of a store has been fetched, and when it last was complete.

    ``problem`` is why its last try brought nothing; ``failures`` counts such tries in a row.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="cursors")
    data = models.CharField(max_length=20)  # a code of stores.services.syncing.kinds
    fetched_to = models.DateTimeField(null=True)
    fresh_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # None: at once
    hinted_at = models.DateTimeField(null=True)  # a change that a run under way may have missed
    problem = models.CharField(max_length=40, blank=True)  # a code of stores.problems
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "data"], name="sync_cursor_once")]

    def __str__(self) -> str:
        return f"{self.store_id} {self.data}"


class SyncRun(AgencyModel):
    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    UNDER_WAY: ClassVar = (State.RUNNING, State.WAITING)  # one that waits goes on where it stands

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="sync_runs")
    data = models.CharField(max_length=20)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    is_first = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    expected = models.PositiveIntegerField(null=True)
    fetched = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=80, blank=True)  # the marketplace's, for its support
    page_token = models.TextField(blank=True)  # where a run that ran out of time goes on
    asked_by = MembershipKey(null=True)

    class Meta:
        indexes = [models.Index(fields=["store", "-started_at"], name="sync_run_newest")]

    def __str__(self) -> str:
        return f"{self.store_id} {self.data} {self.state}"


class SubAccount(AgencyModel):
    """A seat inside the marketplace's own seller centre, as last listed by a person or file."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="sub_accounts")
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    platform_role = models.CharField(_("role"), max_length=60, blank=True)
    permissions = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    two_step = models.BooleanField(_("two-step verification"), null=True)  # None: unknown
    last_sign_in_at = models.DateTimeField(_("last sign-in"), null=True, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "name", "email"], name="sub_account_once"),
            moments_can_be_meant("last_sign_in_at"),
        ]
        verbose_name = _("sub-account")

    def __str__(self) -> str:
        return self.name
