"""The only way from a name in a URL to a case, document or remediation this member may use."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from appeals.models import Appeal, Attempt, Evidence, Remediation, RemediationStep
from appeals.models.cases import SPENT
from stores.access import uuid_or_404, visible_stores
from stores.models import Enforcement, Violation
from tenants.models import Membership

Row = TypeVar("Row", bound=Model)
_SUBJECT = ("store", "violation__notice", "enforcement", "owner__user")


def sees_drafts(member: Membership) -> bool:
    """Tell whether a member sees what has not been filed, and internal notes."""
    return member.can("notes.internal")


def visible_appeals(member: Membership) -> QuerySet[Appeal]:
    return Appeal.objects.filter(store__in=visible_stores(member))


def appeal_for(member: Membership, pk: object) -> Appeal:
    return _one(visible_appeals(member).select_related(*_SUBJECT), pk)


def attempt_for(member: Membership, pk: object) -> Attempt:
    found = Attempt.objects.filter(appeal__in=visible_appeals(member))
    return _one(found.select_related(*(f"appeal__{name}" for name in _SUBJECT)), pk)


def visible_evidence(member: Membership) -> QuerySet[Evidence]:
    """Return the documents a member may see; without drafts those of filed attempts alone."""
    found = Evidence.objects.filter(attempt__appeal__in=visible_appeals(member))
    if sees_drafts(member):
        return found
    return found.filter(attempt__state__in=SPENT).exclude(kind=Evidence.Kind.NOTE)


def evidence_for(member: Membership, pk: object) -> Evidence:
    return _one(visible_evidence(member).select_related("attempt__appeal__store"), pk)


def violation_for(member: Membership, pk: object) -> Violation:
    found = Violation.objects.filter(store__in=visible_stores(member))
    return _one(found.select_related("store"), pk)


def enforcement_for(member: Membership, pk: object) -> Enforcement:
    found = Enforcement.objects.filter(store__in=visible_stores(member), withdrawn_at=None)
    return _one(found.select_related("store"), pk)


def visible_remediations(member: Membership) -> QuerySet[Remediation]:
    return Remediation.objects.filter(store__in=visible_stores(member))


def remediation_for(member: Membership, pk: object) -> Remediation:
    found = visible_remediations(member).select_related(
        "store", "owner__user", "done_by__user", "opened_by__user"
    )
    return _one(found, pk)


def step_for(member: Membership, pk: object) -> RemediationStep:
    found = RemediationStep.objects.filter(remediation__in=visible_remediations(member))
    return _one(found.select_related("remediation__store"), pk)


def _one(found: QuerySet[Row], pk: object) -> Row:
    row = found.filter(pk=uuid_or_404(pk)).first()
    if row is None:
        raise Http404
    return row
