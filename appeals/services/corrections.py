"""The marketplace's own repair step: a pending violation corrected in time is lapsed."""

from datetime import datetime
from typing import ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from stores.models import Violation
from stores.services.violations import change_violation
from tenants.errors import DomainError
from tenants.models import Membership


class NothingToCorrect(DomainError):
    code: ClassVar[str] = "nothing_to_correct"


class CorrectionTooLate(DomainError):
    code: ClassVar[str] = "correction_too_late"


@transaction.atomic
def correct_violation(
    *, violation: Violation, by: Membership, at: datetime, via: str = "page"
) -> Violation:
    """Record that a pending violation was corrected, so that no points are taken for it.

    Raises:
        NothingToCorrect: if it is not pending.
        CorrectionTooLate: if ``at`` is not before its ``correct_by``.
    """
    violation = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    if violation.state != Violation.State.PENDING:
        raise NothingToCorrect(_("Only a pending violation can be corrected."))
    if violation.correct_by is not None and at >= violation.correct_by:
        raise CorrectionTooLate(_("The time to correct this has passed."))
    facts = {"state": Violation.State.LAPSED}
    return change_violation(violation=violation, facts=facts, at=at, by=by, via=via)
