from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from stores.models.notices import Notice
from stores.models.stores import Store
from tenants.base import AgencyModel, MembershipKey


class Forwarding(AgencyModel):
    """A mailbox whose provider asked whether it may forward to an address of ours."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for your confirmation")
        CONFIRMED = "confirmed", _("Mail has come through")
        SUSPICIOUS = "suspicious", _("Suspicious")

    store = models.ForeignKey(
        Store, on_delete=models.CASCADE, null=True, related_name="forwardings"
    )  # null: it asked for the agency's own address
    provider = models.CharField(max_length=16)  # a code of ``mailin.providers``
    mailbox = models.CharField(max_length=254, blank=True)  # "" where the mail did not tell it
    state = models.CharField(max_length=16, choices=State)
    reasons = models.JSONField(default=list)  # codes of ``mailin.words``
    code = models.TextField(blank=True)  # sealed; "" once it is confirmed or has expired
    link = models.TextField(blank=True)  # sealed, likewise
    notice = models.ForeignKey(Notice, on_delete=models.SET_NULL, null=True, related_name="+")
    shown_to = models.JSONField(default=list)  # ids of the members who have seen the code
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "provider", "mailbox"],
                condition=~Q(state="suspicious"),
                nulls_distinct=False,
                name="forwarding_once_a_mailbox",
            )
        ]
        indexes = [models.Index(fields=["store", "-asked_at"], name="forwarding_newest")]
        verbose_name = _("forwarding")

    def __str__(self) -> str:
        return self.mailbox or self.provider


class MailTest(AgencyModel):
    """A mail that we sent to a mailbox to see whether it comes back to an address of ours."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, related_name="mail_tests")
    mailbox = models.CharField(max_length=254)
    token = models.CharField(max_length=32, unique=True)  # stands in the subject
    asked_by = MembershipKey()
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)  # the class of what kept it from going
    came_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["store", "-asked_at"], name="mail_test_newest"),
            models.Index(fields=["store", "-came_at"], name="mail_test_came"),
        ]
        verbose_name = _("test mail")

    def __str__(self) -> str:
        return self.mailbox
