from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.models.checks import moments_can_be_meant
from stores.models.stores import Store
from tenants.base import AgencyModel, MembershipKey


class Reading(AgencyModel):
    """One measured value of one thing at one store at one moment, with its source."""

    class Source(models.TextChoices):
        API = "api", _("marketplace")
        MAIL = "mail", _("mail")
        FILE = "file", _("file")
        PERSON = "person", _("person")
        INTEGRATION = "integration", _("integration")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="readings")
    metric = models.CharField(max_length=40)  # a code of stores.metrics
    value = models.DecimalField(max_digits=16, decimal_places=4)
    measured_at = models.DateTimeField()
    source = models.CharField(max_length=16, choices=Source)
    recorded_at = models.DateTimeField()
    recorded_by = MembershipKey(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [moments_can_be_meant("measured_at")]
        indexes = [
            models.Index(fields=["store", "metric", "-measured_at", "-id"], name="reading_latest")
        ]
        verbose_name = _("reading")

    def __str__(self) -> str:
        return f"{self.metric} {self.value}"


class Order(AgencyModel):
    """An order's number, state, deadlines and amount; nothing about its buyer is kept."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="orders")
    external_id = models.CharField(max_length=40)
    status = models.CharField(max_length=24)
    placed_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # the marketplace's own last change
    paid_at = models.DateTimeField(null=True)
    rts_due_at = models.DateTimeField(null=True)  # rts_sla_time: ready to ship
    rts_at = models.DateTimeField(null=True)
    tts_due_at = models.DateTimeField(null=True)  # tts_sla_time: with the carrier
    shipping_due_at = models.DateTimeField(null=True)
    collection_due_at = models.DateTimeField(null=True)
    collected_at = models.DateTimeField(null=True)
    delivery_due_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    completion_seen_at = models.DateTimeField(null=True)
    cancel_due_at = models.DateTimeField(null=True)  # answer a buyer's request by then
    cancel_asked_at = models.DateTimeField(null=True)
    is_cancel_asked = models.BooleanField(default=False)
    is_on_hold = models.BooleanField(default=False)
    cancelled_by = models.CharField(max_length=16, blank=True)
    amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    seen_at = models.DateTimeField()
    source = models.CharField(max_length=8, db_default="api")  # who told it last: "api", "file"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "external_id"], name="order_once_a_store")
        ]
        indexes = [models.Index(fields=["store", "status", "rts_due_at"], name="order_by_deadline")]

    def __str__(self) -> str:
        return self.external_id
