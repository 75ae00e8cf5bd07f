from django.db import models

from tenants.base import AgencyModel, MembershipKey


class AuditEvent(AgencyModel):
    """Who did what to which object, and when; written in the transaction of the change."""

    at = models.DateTimeField()
    member = MembershipKey(null=True)  # null: the service itself, or an integration
    via = models.CharField(max_length=16)  # "page", "api", "task", "command", "owner"
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.UUIDField(null=True)
    object_name = models.CharField(max_length=200)
    store_id = models.UUIDField(null=True)
    changes = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["-at", "id"], name="audit_newest"),
            models.Index(fields=["object_id", "-at"], name="audit_of_object"),
            models.Index(fields=["store_id", "-at"], name="audit_of_store"),
        ]

    def __str__(self) -> str:
        return self.action


class IdempotentCall(AgencyModel):
    """An API call that carried an Idempotency-Key, and the answer it was given."""

    api_key_id = models.UUIDField()
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)  # of method, path and body
    status = models.PositiveSmallIntegerField(null=True)  # null: still running
    body = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["api_key_id", "key"], name="idempotent_call_once")
        ]

    def __str__(self) -> str:
        return self.key
