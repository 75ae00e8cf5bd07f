from datetime import datetime
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
        CLOSING = "closing", _("Closed, waiting for its deletion")
        DELETED = "deleted", _("Deleted")

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
    """A host that leads to an agency, without its port.

    One that the agency has given up is kept for it until ``kept_until``, and is not primary.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kept_until = models.DateTimeField(null=True)

    def is_kept(self, *, at: datetime) -> bool:
        """Tell whether a host given up still leads to the agency."""
        return self.kept_until is not None and at < self.kept_until


class SchemaTemplate(models.Model):
    """The statements that make an agency's schema, recorded from a migrated throw-away one."""

    migrations_hash = models.CharField(primary_key=True, max_length=64)
    statements = models.TextField()
    blueprint = models.JSONField(null=True)  # what it consists of; null in rows of older versions
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.migrations_hash


class SchemaStep(models.Model):
    """The statements that take an empty schema from one set of migrations to another."""

    from_hash = models.CharField(max_length=64)
    to_hash = models.CharField(max_length=64)
    statements = models.TextField(null=True)  # noqa: DJ001 - null: only Django's executor can take this step
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["from_hash", "to_hash"], name="schema_step_once")
        ]

    def __str__(self) -> str:
        return f"{self.from_hash[:8]} to {self.to_hash[:8]}"


class SchemaVersion(models.Model):
    """Which migrations a schema has; a deploy with nothing to do reads this table alone."""

    class State(models.TextChoices):
        DONE = "done"
        FAILED = "failed"

    agency = models.OneToOneField(  # null: the public tables
        Agency, on_delete=models.CASCADE, related_name="+", null=True
    )
    plan_hash = models.CharField(max_length=64)  # "": not known
    state = models.CharField(max_length=8, choices=State, default=State.DONE)
    at = models.DateTimeField()
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency"], nulls_distinct=False, name="schema_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.plan_hash[:8]}"
