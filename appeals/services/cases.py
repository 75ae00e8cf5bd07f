"""An attempt's way from its draft to the marketplace: opened, drafted, reviewed, filed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from appeals import core
from appeals.models import Appeal, Attempt
from appeals.models.cases import SPENT, UNFILED
from appeals.selectors import clocks
from appeals.services import windows
from stores.models import Enforcement, Violation
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

_State = Attempt.State
_OVER: Final = frozenset(
    {Violation.State.LAPSED, Violation.State.REVERSED, Violation.State.ROLLED_OFF}
)
REASON_LENGTH: Final = 1000
REFERENCE_LENGTH: Final = 64


class AppealWindowClosed(DomainError):
    code: ClassVar[str] = "appeal_window_closed"


class AppealOpenAlready(DomainError):
    code: ClassVar[str] = "appeal_open_already"


class NothingToAppeal(DomainError):
    code: ClassVar[str] = "nothing_to_appeal"


class WrongState(DomainError):
    """The attempt is not, or no longer, in a state that allows this."""

    code: ClassVar[str] = "wrong_state"


class AttemptNotReady(WrongState):
    code: ClassVar[str] = "attempt_not_ready"


class DraftChanged(DomainError):
    code: ClassVar[str] = "draft_changed"


class GroundsUnusable(DomainError):
    code: ClassVar[str] = "grounds_unusable"


class SecondPersonNeeded(DomainError):
    code: ClassVar[str] = "second_person_needed"


class ReasonMissing(DomainError):
    code: ClassVar[str] = "reason_missing"


@transaction.atomic
def open_appeal(
    *,
    violation: Violation | None = None,
    enforcement: Enforcement | None = None,
    by: Membership | None,
    at: datetime,
    owner: Membership | None = None,
    via: str = "page",
) -> Appeal:
    """Open the case of a violation or an enforcement with the empty draft of an attempt.

    A case whose attempt was withdrawn starts anew, within the same window.

    Raises:
        NothingToAppeal: if the violation was reversed, lapsed or rolled off, the enforcement ended.
        AppealWindowClosed: if the marketplace takes no more appeals at ``at``.
        AppealOpenAlready: if it has a case that was not withdrawn.
    """
    subject = violation or enforcement
    assert subject is not None, "Name a violation or an enforcement."
    _refuse_settled(subject, at)
    known = Appeal.objects.filter(violation=violation, enforcement=enforcement).first()
    if known is not None:
        return _start_anew(known, by=by, at=at, via=via)
    file_by = clocks.first_window(subject, at)
    _refuse_late(file_by, at)
    try:
        with transaction.atomic():
            appeal = Appeal.objects.create(
                store=subject.store,
                violation=violation,
                enforcement=enforcement,
                attempts_allowed=clocks.attempts_allowed(subject.store, at),
                owner=owner or by,
                opened_at=at,
                opened_by=by,
                changed_at=at,
            )
    except IntegrityError:  # another member was quicker
        raise AppealOpenAlready(_("This has a case already.")) from None
    add_attempt(appeal=appeal, number=1, file_by=file_by, at=at)
    _record("appeal.opened", appeal, by, at, via, attempt=1)
    return appeal


def add_attempt(*, appeal: Appeal, number: int, file_by: datetime | None, at: datetime) -> Attempt:
    """Begin an appeal's next attempt as an empty draft, and watch its window."""
    attempt = Attempt.objects.create(appeal=appeal, number=number, opened_at=at, file_by=file_by)
    Appeal.objects.filter(pk=appeal.pk).update(state=Appeal.State.DRAFTING, changed_at=at)
    appeal.refresh_from_db(fields=["state", "changed_at"])
    windows.watch(attempt=attempt, at=at)
    return attempt


def is_last(attempt: Attempt) -> bool:
    """Tell whether the marketplace takes no attempt after this one; withdrawn ones do not count."""
    spent = Attempt.objects.filter(
        appeal=attempt.appeal_id, number__lt=attempt.number, state__in=SPENT
    )
    return spent.count() + 1 >= attempt.appeal.attempts_allowed


def needs_review(attempt: Attempt, *, review_required: bool) -> bool:
    """Tell whether an attempt must be approved before it may be filed."""
    return review_required or is_last(attempt)


@transaction.atomic
def save_draft(
    *,
    attempt: Attempt,
    grounds: str,
    channel: str,
    revision: int,
    by: Membership,
    at: datetime,
    via: str = "page",
) -> None:
    """Keep the text of a draft in place of its ``revision``.

    Raises:
        GroundsUnusable: if it is longer than the channel takes or holds unreadable characters.
        DraftChanged: if somebody saved another text meanwhile.
        WrongState: if the attempt is no draft any more.
    """
    text = core.as_sent(grounds)
    _check_grounds(text, channel)
    draft = Attempt.objects.filter(pk=attempt.pk, state=_State.DRAFTING)
    before = attempt.grounds
    if not draft.filter(revision=revision).update(
        grounds=text, channel=channel, revision=revision + 1, drafted_by=by, drafted_at=at
    ):
        if draft.exists():
            raise DraftChanged(_("Somebody saved another text meanwhile. Yours is kept below."))
        raise WrongState(_("This attempt is no draft any more, so its text stands."))
    attempt.refresh_from_db()
    changes = {"characters": len(text), "before": len(before), "channel": channel}
    _record("appeal.drafted", attempt.appeal, by, at, via, attempt=attempt.number, **changes)


@transaction.atomic
def request_review(*, attempt: Attempt, by: Membership, at: datetime, via: str = "page") -> None:
    """Hand a draft to a reviewer; its text and evidence stand from now on.

    Raises:
        GroundsUnusable: if there is no text yet.
        WrongState: if the attempt is no draft.
    """
    _refuse_empty(attempt)
    _move(
        attempt,
        since=[_State.DRAFTING],
        to=_State.IN_REVIEW,
        refusal=WrongState(_("Only a draft can be handed to review.")),
        at=at,
        asked_at=at,
        asked_by=by,
        returned_reason="",
    )
    _record("appeal.review_asked", attempt.appeal, by, at, via, attempt=attempt.number)


@transaction.atomic
def return_attempt(
    *, attempt: Attempt, reason: str, by: Membership, at: datetime, via: str = "page"
) -> None:
    """Give an attempt back to its drafter, saying what is missing.

    Raises:
        ReasonMissing: if no reason is given, or one over 1,000 characters.
        WrongState: if it is not in review.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH or "\x00" in reason:
        raise ReasonMissing(_("Say in at most 1,000 characters what is missing."))
    _move(
        attempt,
        since=[_State.IN_REVIEW],
        to=_State.DRAFTING,
        refusal=WrongState(_("Only an attempt in review can be returned.")),
        at=at,
        reviewed_by=by,
        reviewed_at=at,
        returned_reason=reason,
    )
    _record("appeal.returned", attempt.appeal, by, at, via, attempt=attempt.number, reason=reason)


@transaction.atomic
def approve_attempt(*, attempt: Attempt, by: Membership, at: datetime, via: str = "page") -> None:
    """Sign an attempt off for filing.

    Raises:
        SecondPersonNeeded: if ``by`` drafted what is the last attempt.
        WrongState: if it is not in review.
    """
    if is_last(attempt) and attempt.drafted_by_id == by.pk:
        raise SecondPersonNeeded(
            _("This is the last attempt: somebody other than its drafter must approve it.")
        )
    _move(
        attempt,
        since=[_State.IN_REVIEW],
        to=_State.READY,
        refusal=WrongState(_("Only an attempt in review can be approved.")),
        at=at,
        reviewed_by=by,
        reviewed_at=at,
    )
    _record("appeal.approved", attempt.appeal, by, at, via, attempt=attempt.number)


@transaction.atomic
def file_attempt(
    *,
    attempt: Attempt,
    by: Membership,
    at: datetime,
    review_required: bool,
    filing_reference: str = "",
    via: str = "page",
) -> None:
    """File an attempt in ``by``'s name.

    Without ``review_required`` a draft may be filed as it is, unless it is the last attempt.

    Raises:
        AppealWindowClosed: if ``at`` is not before the attempt's ``file_by``.
        AttemptNotReady: if it has not been approved, or was filed already.
        GroundsUnusable: if there is no text.
    """
    _refuse_late(attempt.file_by, at)
    _refuse_empty(attempt)
    since = [_State.READY]
    if not needs_review(attempt, review_required=review_required):
        since.append(_State.DRAFTING)
    filing_reference = filing_reference.strip()
    if len(filing_reference) > REFERENCE_LENGTH or "\x00" in filing_reference:
        raise GroundsUnusable(_("The marketplace's number has at most 64 characters."))
    _move(
        attempt,
        since=since,
        to=_State.FILED,
        refusal=AttemptNotReady(_("This attempt is not ready, or was filed already.")),
        at=at,
        filed_by=by,
        filed_at=at,
        filing_reference=filing_reference,
    )
    windows.settle_alert(store=attempt.appeal.store, at=at)
    _record("appeal.filed", attempt.appeal, by, at, via, attempt=attempt.number)


@transaction.atomic
def withdraw_attempt(
    *,
    attempt: Attempt,
    by: Membership | None,
    at: datetime,
    reason: str = "",
    via: str = "page",
) -> None:
    """Give an attempt up before it is filed; it does not count as one.

    Raises:
        WrongState: if it was filed, decided or lapsed.
    """
    _move(
        attempt,
        since=UNFILED,
        to=_State.WITHDRAWN,
        refusal=WrongState(_("Only an attempt that has not been filed can be withdrawn.")),
        at=at,
        outcome_note=reason.strip()[:REASON_LENGTH],
    )
    windows.settle_alert(store=attempt.appeal.store, at=at)
    changes = {"reason": reason} if reason else {}
    _record("appeal.withdrawn", attempt.appeal, by, at, via, attempt=attempt.number, **changes)


@transaction.atomic
def assign_appeal(
    *, appeal: Appeal, owner: Membership | None, by: Membership, at: datetime, via: str = "page"
) -> None:
    """Say whose case it is."""
    Appeal.objects.filter(pk=appeal.pk).update(owner=owner)
    appeal.refresh_from_db()
    _record("appeal.assigned", appeal, by, at, via, owner=str(owner) if owner else None)


def _start_anew(appeal: Appeal, *, by: Membership | None, at: datetime, via: str) -> Appeal:
    # The row is locked so that two members do not both begin the next attempt.
    appeal = Appeal.objects.select_for_update(of=("self",)).get(pk=appeal.pk)
    last = appeal.attempts.order_by("-number").first()
    if last is None or last.state != _State.WITHDRAWN:
        raise AppealOpenAlready(_("This has a case already."))
    _refuse_late(last.file_by, at)
    add_attempt(appeal=appeal, number=last.number + 1, file_by=last.file_by, at=at)
    _record("appeal.opened", appeal, by, at, via, attempt=last.number + 1)
    return appeal


def _refuse_settled(subject: Violation | Enforcement, at: datetime) -> None:
    if isinstance(subject, Violation):
        if subject.state in _OVER:
            raise NothingToAppeal(_("This violation weighs nothing any more."))
    elif subject.ends_at is not None and subject.ends_at <= at:
        raise NothingToAppeal(_("This enforcement has ended."))


def _refuse_late(file_by: datetime | None, at: datetime) -> None:
    if file_by is not None and at >= file_by:
        raise AppealWindowClosed(
            _("The marketplace takes no more appeals against this: its window has closed.")
        )


def _refuse_empty(attempt: Attempt) -> None:
    # Read anew: another member may have emptied it.
    text = Attempt.objects.filter(pk=attempt.pk).values_list("grounds", flat=True).first()
    if not (text or "").strip():
        raise GroundsUnusable(_("Write the text first: nothing has been drafted."))


def _check_grounds(text: str, channel: str) -> None:
    limit = core.LIMITS.get(channel)
    if limit is None:
        raise GroundsUnusable(_("Choose the form that the text is for."))
    if len(text) > limit:
        raise GroundsUnusable(
            _("The text has %(length)d characters; this form takes %(limit)d.")
            % {"length": len(text), "limit": limit}
        )
    if "\x00" in text:
        raise GroundsUnusable(_("The text holds characters that no form takes."))


def _move(
    attempt: Attempt,
    *,
    since: Iterable[str],
    to: str,
    refusal: DomainError,
    at: datetime,
    **values: Any,
) -> None:
    # The WHERE clause settles a race between two members; no lock is held.
    standing = Attempt.objects.filter(pk=attempt.pk, state__in=since)
    if not standing.update(state=to, **values):
        raise refusal
    Appeal.objects.filter(pk=attempt.appeal_id).update(state=to, changed_at=at)
    attempt.refresh_from_db()


def _record(
    action: str, appeal: Appeal, by: Membership | None, at: datetime, via: str, **changes: Any
) -> None:
    record(
        action=action,
        by=by,
        subject=appeal,
        store_id=appeal.store_id,
        changes=changes,
        at=at,
        via=via,
    )
