"""What a member may do to a case now, and in words why not more."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from appeals.models import Attempt
from appeals.selectors.cases import Case
from stores.models import Violation
from tenants.models import Membership

_State = Attempt.State


@dataclass(frozen=True, slots=True)
class Acts:
    draft: bool = False
    ask: bool = False
    judge: bool = False  # return, or approve unless ``why`` forbids it
    approve: bool = False
    file: bool = False
    decide: bool = False
    withdraw: bool = False
    start_anew: bool = False
    offers_approve: bool = False
    offers_file: bool = False
    why: str = ""  # why the next step cannot be taken by this member now

    @property
    def are_any(self) -> bool:
        return bool(self.why) or any(
            (self.draft, self.judge, self.file, self.decide, self.withdraw, self.start_anew)
        )


def acts_of(case: Case, member: Membership, *, review_required: bool) -> Acts:
    """Return what ``member`` may do; the services refuse the same, whatever the page shows."""
    attempt, may = case.attempt, member.can
    is_late = attempt.file_by is not None and case.at >= attempt.file_by
    may_withdraw = may("appeals.draft") and attempt.is_unfiled
    match attempt.state:
        case _State.DRAFTING:
            skips_review = not review_required and not case.is_last
            return Acts(
                draft=may("appeals.draft"),
                ask=may("appeals.draft"),
                offers_file=skips_review and may("appeals.file"),
                file=skips_review and may("appeals.file") and not is_late,
                withdraw=may_withdraw,
                why=_late() if is_late and may("appeals.draft") else "",
            )
        case _State.IN_REVIEW:
            why = _why_not_approve(case, member)
            return Acts(
                judge=may("appeals.review"),
                approve=may("appeals.review") and not why,
                offers_approve=True,
                withdraw=may_withdraw,
                why=why,
            )
        case _State.READY:
            why = _why_not_file(member, is_late=is_late)
            return Acts(file=not why, offers_file=True, withdraw=may_withdraw, why=why)
        case _State.FILED:
            return Acts(decide=may("appeals.file"))
        case _State.WITHDRAWN:
            return Acts(start_anew=may("appeals.draft") and not is_late and _is_standing(case))
    return Acts()


def _why_not_approve(case: Case, member: Membership) -> str:
    if not member.can("appeals.review"):
        return _("A reviewer approves or returns it.") if member.can("appeals.draft") else ""
    if case.is_last and case.attempt.drafted_by_id == member.pk:
        return _("You drafted the last attempt, so somebody else must approve it.")
    return ""


def _why_not_file(member: Membership, *, is_late: bool) -> str:
    if not member.can("appeals.file"):
        return _("A lead files it.") if member.can("appeals.draft") else ""
    return _late() if is_late else ""


def _late() -> str:
    return _("The window has closed: the marketplace takes no more appeals against this.")


def _is_standing(case: Case) -> bool:
    violation = case.appeal.violation
    standing = {Violation.State.PENDING, Violation.State.ENFORCED}
    return violation is None or violation.state in standing
