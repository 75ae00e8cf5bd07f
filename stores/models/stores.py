from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.base import AgencyModel, MembershipKey


class Client(AgencyModel):
    """The agency's own customer, who owns stores."""

    name = models.CharField(_("name"), max_length=120)
    contact = models.CharField(_("contact"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="client_name_once")]
        ordering = ("name",)
        verbose_name = _("client")

    def __str__(self) -> str:
        return self.name


class StoreGroup(AgencyModel):
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="store_group_name_once")]
        ordering = ("name",)
        verbose_name = _("group")

    def __str__(self) -> str:
        return self.name


class Store(AgencyModel):
    """One seller account on one marketplace, in one market."""

    class Marketplace(models.TextChoices):
        TIKTOK_SHOP = "tiktok_shop", "TikTok Shop"
        SHOPEE = "shopee", "Shopee"
        LAZADA = "lazada", "Lazada"

    class SellerType(models.TextChoices):
        LOCAL = "local", _("Local")
        CROSS_BORDER = "cross_border", _("Cross-border")

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive at the marketplace")
        ARCHIVED = "archived", _("Archived")

    name = models.CharField(_("name"), max_length=120)
    marketplace = models.CharField(
        _("marketplace"), max_length=16, choices=Marketplace, default=Marketplace.TIKTOK_SHOP
    )
    market = models.CharField(_("market"), max_length=2)  # ISO 3166 country, upper case
    seller_type = models.CharField(
        _("seller type"), max_length=16, choices=SellerType, default=SellerType.LOCAL
    )
    time_zone = models.CharField(_("time zone"), max_length=40)
    external_id = models.CharField(_("shop ID"), max_length=64, blank=True)
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="stores"
    )
    owner = MembershipKey(null=True, blank=True)
    # So few units of a SKU are too few; None: nobody has said, so no SKU counts as low.
    safety_stock = models.PositiveIntegerField(_("safety stock"), null=True, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["marketplace", "external_id"],
                condition=~Q(external_id=""),
                name="store_external_id_once",
            )
        ]
        indexes = [models.Index(fields=["name", "id"], name="store_by_name")]
        verbose_name = _("store")

    def __str__(self) -> str:
        return self.name


class StoreGrouping(AgencyModel):
    """A store's place in a group."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="groupings")
    group = models.ForeignKey(StoreGroup, on_delete=models.CASCADE, related_name="groupings")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "group"], name="store_once_in_a_group")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class StoreAccess(AgencyModel):
    """One store, group or client that a member with a listed scope reaches: the store's team."""

    member = MembershipKey()
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, related_name="accesses")
    group = models.ForeignKey(
        StoreGroup, on_delete=models.CASCADE, null=True, related_name="accesses"
    )
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, related_name="accesses")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(store__isnull=False, group=None, client=None)
                    | Q(store=None, group__isnull=False, client=None)
                    | Q(store=None, group=None, client__isnull=False)
                ),
                name="access_names_one_thing",
            ),
            models.UniqueConstraint(
                fields=["member", "store", "group", "client"],
                nulls_distinct=False,
                name="access_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
