from collections.abc import Mapping
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants import ids
from tenants.models.agencies import Agency
from tenants.models.consents import ConsentLink
from tenants.models.people import Membership


class StoreRoute(models.Model):
    """Which agency's store an external shop is: unique while the connection lives."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    marketplace = models.CharField(max_length=16)
    app_key = models.CharField(max_length=64)
    external_id = models.CharField(max_length=64)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    store_id = models.UUIDField()
    is_live = models.BooleanField(default=True)
    synced_at = models.DateTimeField(null=True)  # told here too: agencies' tables are fenced in

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["marketplace", "app_key", "external_id"],
                condition=Q(is_live=True),
                name="store_route_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.marketplace} {self.external_id}"


class MailRoute(models.Model):
    """A random local part at the mail-in domain, and whose notices arrive there."""

    local_part = models.CharField(primary_key=True, max_length=40)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    store_id = models.UUIDField(null=True)  # null: the agency's own address
    forwarders = models.JSONField(default=list)  # addresses proven to forward here
    is_live = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "store_id"], nulls_distinct=False, name="mail_route_once_a_store"
            )
        ]

    def __str__(self) -> str:
        return self.local_part


class MarketplaceApp(models.Model):
    """An agency's own application at a marketplace; without one, ours is used."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    marketplace = models.CharField(max_length=16)
    app_key = models.CharField(max_length=64)
    app_secret = models.TextField()  # sealed
    service_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "marketplace"], name="app_once_a_marketplace")
        ]

    def __str__(self) -> str:
        return f"{self.marketplace} {self.app_key}"


class OAuthState(models.Model):
    """A single-use pass through a marketplace's consent page, good for ten minutes."""

    token_hash = models.CharField(primary_key=True, max_length=64)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    store_id = models.UUIDField()
    marketplace = models.CharField(max_length=16)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    code = models.TextField(blank=True)  # sealed, until the worker has exchanged it
    # The store's owner went out by this link; without one the member did herself.
    consent = models.ForeignKey(ConsentLink, on_delete=models.CASCADE, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.marketplace} {self.store_id}"


# Where an event's payload is sealed to, beside its row and agency (tenants.sealing).
PAYLOAD_CELL: Final[Mapping[str, str]] = {"table": "inbound_event", "column": "payload"}
DIGEST_LENGTH: Final = 64
TYPE_LENGTH: Final = 40


class InboundEvent(models.Model):
    """What came in from outside, kept as received until it has been worked on."""

    class Outcome(models.TextChoices):
        """What a push led to; a mail's outcome is its notice."""

        ASKED = "asked", _("Asked for a sync")
        ENDED = "ended", _("Ended the connection")
        WARNED = "warned", _("Told how long the authorization lasts")
        OVERTAKEN = "late", _("Changed nothing, as what is known is newer")
        NOTED = "noted", _("Nothing to do")
        UNKNOWN = "unknown", _("Unknown type, kept as it came")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    channel = models.CharField(max_length=8)  # "mail" or "webhook"
    digest = models.CharField(max_length=DIGEST_LENGTH)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    store_id = models.UUIDField(null=True)
    recipient = models.CharField(max_length=200)
    type = models.CharField(max_length=TYPE_LENGTH, default="", db_default="")  # a push's
    payload = models.BinaryField()  # sealed
    sent_at = models.DateTimeField(null=True)  # when what a push tells of happened
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "channel", "recipient", "digest"], name="inbound_event_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["received_at"],
                condition=Q(handled_at=None),
                name="inbound_event_waiting",
            ),
            models.Index(fields=["store_id", "-received_at"], name="inbound_event_of_store"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.digest[:8]}"
