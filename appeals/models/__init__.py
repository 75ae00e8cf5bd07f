"""Cases: appeals with their attempts and evidence; and remediations with their steps."""

from appeals.models.cases import Appeal, Attempt, Evidence
from appeals.models.remediations import Remediation, RemediationStep

__all__ = ["Appeal", "Attempt", "Evidence", "Remediation", "RemediationStep"]
