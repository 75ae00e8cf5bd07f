from typing import NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from tenants import ids


class Agency(TenantMixin):  # type: ignore[misc]
    """A customer of ours, with a schema of its own once ``state`` is ready."""

    class State(models.TextChoices):
        PROVISIONING = "provisioning", _("Being prepared")
        READY = "ready", _("Ready")
        SUSPENDED = "suspended", _("Suspended")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("address"), max_length=40, unique=True)
    state = models.CharField(max_length=16, choices=State, default=State.PROVISIONING)
    review_required = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    auto_create_schema = False

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")

    def __str__(self) -> str:
        return self.name

    def __enter__(self) -> NoReturn:
        raise RuntimeError("Enter tenants.scope.agency(): this keeps one stack for all threads.")


class Domain(DomainMixin):  # type: ignore[misc]
    """A host that leads to an agency, without its port."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)


class SchemaTemplate(models.Model):
    """The statements that make an agency's schema, recorded from a migrated throw-away one."""

    migrations_hash = models.CharField(primary_key=True, max_length=64)
    statements = models.TextField()
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.migrations_hash
