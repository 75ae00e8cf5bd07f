from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants import ids
from tenants.models.agencies import Agency
from tenants.models.people import Membership


class ConsentLink(models.Model):
    """A secret link by which a store's owner lets us read it; one open link a store.

    It stands in public so that the public host finds the agency; the token is kept as its hash.
    """

    class State(models.TextChoices):
        SENT = "sent", _("Sent")
        OPENED = "opened", _("Opened")
        CONNECTED = "connected", _("Connected")
        REFUSED = "refused", _("Refused")
        REVOKED = "revoked", _("Taken back")

    OPEN = (State.SENT, State.OPENED)

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    store_id = models.UUIDField()
    made_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=16, choices=State, default=State.SENT)
    problem = models.CharField(max_length=24, blank=True)  # what the last try came to, as a code
    reason = models.CharField(
        max_length=500, blank=True
    )  # why it was refused, in the owner's words
    email = models.EmailField(blank=True)  # "": made to be copied
    language = models.CharField(max_length=10)  # of the mail
    mailing = models.UUIDField(null=True)  # the links that one mail carries
    sent_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)  # at the marketplace, the last time
    ended_at = models.DateTimeField(null=True)  # connected, refused or taken back

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "store_id"],
                condition=Q(state__in=["sent", "opened"]),
                name="consent_link_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["agency", "store_id", "-sent_at"], name="consent_link_of_store"),
            models.Index(
                fields=["mailing"], condition=Q(mailing__isnull=False), name="consent_link_of_mail"
            ),
        ]

    def __str__(self) -> str:
        return str(self.store_id)
