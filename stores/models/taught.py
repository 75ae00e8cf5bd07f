from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from stores.models.notices import Notice
from tenants.base import AgencyModel, MembershipKey


class TaughtForm(AgencyModel):
    """A wording that a person once classified, so that the like is recognised next time."""

    sender_domain = models.CharField(max_length=253)
    digest = models.CharField(max_length=64)  # of the wording
    kind = models.CharField(max_length=24, choices=Notice.Kind)
    example = models.CharField(max_length=300, blank=True)  # the subject it was taught by
    fills = models.JSONField(default=dict)  # by fact: the slots it stands in, and how it is read
    constants = models.JSONField(default=dict)  # facts that the wording itself says
    missing = models.JSONField(default=list)  # facts that stand nowhere beyond doubt
    fixed = models.JSONField(default=dict)  # by slot: the digest of words that must be the same
    notice = models.ForeignKey(
        Notice, on_delete=models.SET_NULL, null=True, related_name="taught_forms"
    )
    taught_at = models.DateTimeField()
    taught_by = MembershipKey(null=True)
    forgotten_at = models.DateTimeField(null=True)
    forgotten_by = MembershipKey(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sender_domain", "digest"],
                condition=Q(forgotten_at=None),
                name="taught_form_once",
            )
        ]
        indexes = [models.Index(fields=["-taught_at", "id"], name="taught_form_newest")]
        verbose_name = _("taught notice")

    def __str__(self) -> str:
        return self.example or self.get_kind_display()
