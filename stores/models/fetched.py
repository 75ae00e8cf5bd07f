"""What a sync fetches beside orders. Nothing about a buyer is kept, and no words of hers.

Statuses and types are the marketplace's own codes, known to us or not.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.models.stores import Store
from tenants.base import AgencyModel

_CODE = 40  # letters of a marketplace's own code


class _Fetched(AgencyModel):
    external_id = models.CharField(max_length=128)
    changed_at = models.DateTimeField()  # the marketplace's own last change, or when it was read
    seen_at = models.DateTimeField()  # when the row first came

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.external_id


class Package(_Fetched):
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="packages")
    status = models.CharField(max_length=_CODE)
    order_id = models.CharField(max_length=128, blank=True)  # the first, where it holds several
    orders = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "external_id"], name="package_once_a_store")
        ]


class Product(_Fetched):
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="products")
    title = models.CharField(max_length=255)
    status = models.CharField(max_length=_CODE, blank=True)  # "" where it is not listed
    audit_status = models.CharField(max_length=_CODE, blank=True)
    failures = models.JSONField(default=list)  # why its audit failed: [{"position", "reasons"}]
    skus_taken_off = models.PositiveIntegerField(default=0)  # variants off by the marketplace
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "external_id"], name="product_once_a_store")
        ]


class SkuStock(_Fetched):
    """Units of one SKU in all warehouses; ``external_id`` is the SKU's."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="stocks")
    product_id = models.CharField(max_length=128)  # the marketplace's
    seller_sku = models.CharField(max_length=255, blank=True)
    available = models.PositiveIntegerField()
    committed = models.PositiveIntegerField()
    safety = models.PositiveIntegerField(null=True)  # so few are too few; None: as the store says
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "external_id"], name="sku_once_a_store")
        ]


class AfterSale(_Fetched):
    """A cancellation or a return, and the dispute about it."""

    class Kind(models.TextChoices):
        CANCELLATION = "cancellation", _("Cancellation")
        RETURN = "return", _("Return")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="after_sales")
    kind = models.CharField(max_length=16, choices=Kind)
    order_id = models.CharField(max_length=128)
    type = models.CharField(max_length=_CODE)
    status = models.CharField(max_length=_CODE)
    dispute = models.CharField(max_length=_CODE, blank=True)  # the arbitration's status
    asked_by = models.CharField(max_length=_CODE, blank=True)  # BUYER, SELLER, ...
    next_act = models.CharField(max_length=_CODE, blank=True)  # what the seller has to do
    answer_by = models.DateTimeField(null=True)  # and until when
    amount = models.DecimalField(max_digits=23, decimal_places=8, null=True)
    currency = models.CharField(max_length=3, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "kind", "external_id"], name="after_sale_once_a_store"
            )
        ]


class Conversation(_Fetched):
    """A chat with a buyer: how many of its messages wait, none of their words."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="conversations")
    unread = models.PositiveIntegerField()
    latest_at = models.DateTimeField(null=True)
    is_from_buyer = models.BooleanField(default=False)  # its latest message: she waits
    can_answer = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "external_id"], name="conversation_once_a_store"
            )
        ]


class BalanceEntry(_Fetched):
    """Money on its way between the marketplace and the store; what is taken is negative."""

    class Kind(models.TextChoices):
        STATEMENT = "statement", _("Statement")
        PAYMENT = "payment", _("Payment")
        WITHDRAWAL = "withdrawal", _("Withdrawal")
        UNSETTLED = "unsettled", _("Not settled yet")
        SETTLEMENT = "settlement", _("Settlement of an order")  # told by files alone

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="balance_entries")
    kind = models.CharField(max_length=16, choices=Kind)
    type = models.CharField(max_length=_CODE, blank=True)  # of withdrawals: WITHDRAW, TRANSFER, ...
    status = models.CharField(max_length=_CODE, blank=True)
    amount = models.DecimalField(max_digits=23, decimal_places=8, null=True)
    currency = models.CharField(max_length=3, blank=True)
    made_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=8, db_default="api")  # who told it last: "api", "file"
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "kind", "external_id"], name="balance_entry_once_a_store"
            )
        ]
