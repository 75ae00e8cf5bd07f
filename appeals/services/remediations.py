"""Work on causes: opened from a violation, a failed check or by a member; carried to its end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from appeals.models import Remediation, RemediationStep
from stores.models import Store
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

MOST_STEPS: Final = 30
TITLE_LENGTH: Final = 160
TEXT_LENGTH: Final = 300
DETAIL_LENGTH: Final = 4000
OUTCOME_LENGTH: Final = 1000


class RemediationUnusable(DomainError):
    code: ClassVar[str] = "remediation_unusable"


class RemediationEnded(DomainError):
    code: ClassVar[str] = "remediation_ended"


class StepsOpen(DomainError):
    code: ClassVar[str] = "steps_open"


@transaction.atomic
def open_remediation(  # noqa: PLR0913 - each is a fact of the row
    *,
    store: Store,
    title: str,
    by: Membership | None,
    at: datetime,
    origin_kind: str = Remediation.Origin.PERSON,
    origin_id: UUID | None = None,
    origin_text: str = "",
    owner: Membership | None = None,
    due_at: datetime | None = None,
    detail: str = "",
    steps: Sequence[str] = (),
    via: str = "page",
) -> Remediation:
    """Open a piece of work; one that is open for the same origin already is returned instead.

    Raises:
        RemediationUnusable: if the title is empty or a text too long, or it is due in the past.
    """
    title, steps = title.strip(), [step.strip() for step in steps if step.strip()]
    _check(title, detail, origin_text, steps)
    if due_at is not None and due_at <= at:
        raise RemediationUnusable(_("It cannot be due in the past."))
    origin = {"store": store, "origin_kind": origin_kind, "origin_id": origin_id}
    if origin_id is not None and (known := _open_one(origin)):
        return known
    try:
        with transaction.atomic():
            remediation = Remediation.objects.create(
                **origin,
                title=title,
                detail=detail.strip(),
                origin_text=origin_text,
                owner=owner,
                due_at=due_at,
                opened_at=at,
                opened_by=by,
            )
    except IntegrityError:  # another member was quicker
        quicker = _open_one(origin)
        if quicker is None:
            raise
        return quicker
    RemediationStep.objects.bulk_create(
        RemediationStep(remediation=remediation, order=order, text=step)
        for order, step in enumerate(steps, 1)
    )
    changes = {"title": title, "owner": str(owner) if owner else None, "steps": len(steps)}
    _record("remediation.opened", remediation, by, at, via, **changes)
    return remediation


@transaction.atomic
def assign_remediation(
    *,
    remediation: Remediation,
    owner: Membership | None,
    due_at: datetime | None,
    by: Membership,
    at: datetime,
    via: str = "page",
) -> None:
    """Say whose work it is and when it is due.

    Raises:
        RemediationEnded: if it was done or dropped.
    """
    _change(remediation, owner=owner, due_at=due_at)
    changes = {
        "owner": str(owner) if owner else None,
        "due_at": due_at.isoformat() if due_at else None,
    }
    _record("remediation.assigned", remediation, by, at, via, **changes)


@transaction.atomic
def add_step(
    *, remediation: Remediation, text: str, by: Membership, at: datetime, via: str = "page"
) -> RemediationStep:
    """Add a step at the end.

    Raises:
        RemediationUnusable: if the text is empty or too long, or there are 30 steps.
        RemediationEnded: if it was done or dropped.
    """
    held = _held(remediation)
    orders = list(held.steps.values_list("order", flat=True))
    if len(orders) >= MOST_STEPS:
        raise RemediationUnusable(_("A remediation task has at most 30 steps."))
    text = text.strip()
    if not text or len(text) > TEXT_LENGTH or "\x00" in text:
        raise RemediationUnusable(_("Say in at most 300 characters what to do."))
    step = RemediationStep.objects.create(
        remediation=held, order=max(orders, default=0) + 1, text=text
    )
    _record("remediation.step_added", held, by, at, via, step=text)
    return step


@transaction.atomic
def tick_step(
    *, step: RemediationStep, is_done: bool, by: Membership, at: datetime, via: str = "page"
) -> None:
    """Mark a step as done, or as open again; the same twice is once.

    Raises:
        RemediationEnded: if the remediation was done or dropped.
    """
    remediation = _held(step.remediation)
    values = {"done_at": at, "done_by": by} if is_done else {"done_at": None, "done_by": None}
    standing = RemediationStep.objects.filter(pk=step.pk, done_at__isnull=is_done)
    if standing.update(**values):
        action = "remediation.step_done" if is_done else "remediation.step_reopened"
        _record(action, remediation, by, at, via, step=step.text)
    step.refresh_from_db()


@transaction.atomic
def complete_remediation(
    *,
    remediation: Remediation,
    by: Membership,
    at: datetime,
    outcome: str = "",
    via: str = "page",
) -> None:
    """Close a remediation as done, saying what was done.

    Raises:
        StepsOpen: if a step is open.
        RemediationEnded: if it was done or dropped already.
    """
    held = _held(remediation)
    if held.steps.filter(done_at=None).exists():
        raise StepsOpen(_("Tick its open steps first, or drop it with a reason."))
    _end(remediation, Remediation.State.DONE, outcome, by=by, at=at)
    _record("remediation.done", remediation, by, at, via)


@transaction.atomic
def drop_remediation(
    *, remediation: Remediation, reason: str, by: Membership, at: datetime, via: str = "page"
) -> None:
    """Give a remediation up, saying why.

    Raises:
        RemediationUnusable: if no reason is given.
        RemediationEnded: if it was done or dropped already.
    """
    if not reason.strip():
        raise RemediationUnusable(_("Say why it is dropped."))
    _end(remediation, Remediation.State.DROPPED, reason, by=by, at=at)
    _record("remediation.dropped", remediation, by, at, via, reason=reason.strip())


@transaction.atomic
def reopen_remediation(
    *, remediation: Remediation, by: Membership, at: datetime, via: str = "page"
) -> None:
    """Open a remediation again that was done or dropped.

    Raises:
        RemediationEnded: if it is open, or another one is open for the same origin.
    """
    ended = Remediation.objects.filter(pk=remediation.pk).exclude(state=Remediation.State.OPEN)
    try:
        with transaction.atomic():
            reopened = ended.update(
                state=Remediation.State.OPEN, done_at=None, done_by=None, outcome=""
            )
    except IntegrityError:
        raise RemediationEnded(_("Another one is open for the same cause.")) from None
    if not reopened:
        raise RemediationEnded(_("It is open already."))
    remediation.refresh_from_db()
    _record("remediation.reopened", remediation, by, at, via)


def _check(title: str, detail: str, origin_text: str, steps: Sequence[str]) -> None:
    if not title or len(title) > TITLE_LENGTH:
        raise RemediationUnusable(_("Say in at most 160 characters what it is about."))
    if len(detail) > DETAIL_LENGTH or len(origin_text) > TEXT_LENGTH:
        raise RemediationUnusable(_("This text is too long."))
    if len(steps) > MOST_STEPS or any(len(step) > TEXT_LENGTH for step in steps):
        raise RemediationUnusable(_("Give at most 30 steps of at most 300 characters."))
    if any("\x00" in text for text in (title, detail, origin_text, *steps)):
        raise RemediationUnusable(_("The text holds characters that cannot be kept."))


def _open_one(origin: dict[str, Any]) -> Remediation | None:
    return Remediation.objects.filter(**origin, state=Remediation.State.OPEN).first()


def _held(remediation: Remediation) -> Remediation:
    # Locked, so that no step opens behind the back of a completion.
    held = (
        Remediation.objects.select_for_update()
        .filter(pk=remediation.pk, state=Remediation.State.OPEN)
        .first()
    )
    if held is None:
        raise RemediationEnded(_("This was done or dropped already."))
    return held


def _change(remediation: Remediation, **values: Any) -> None:
    standing = Remediation.objects.filter(pk=remediation.pk, state=Remediation.State.OPEN)
    if not standing.update(**values):
        raise RemediationEnded(_("This was done or dropped already."))
    remediation.refresh_from_db()


def _end(
    remediation: Remediation, state: str, outcome: str, *, by: Membership, at: datetime
) -> None:
    outcome = outcome.strip()
    if len(outcome) > OUTCOME_LENGTH or "\x00" in outcome:
        raise RemediationUnusable(_("Say it in at most 1,000 characters."))
    _change(remediation, state=state, done_at=at, done_by=by, outcome=outcome)


def _record(
    action: str,
    remediation: Remediation,
    by: Membership | None,
    at: datetime,
    via: str,
    **changes: Any,
) -> None:
    record(
        action=action,
        by=by,
        subject=remediation,
        store_id=remediation.store_id,
        changes=changes,
        at=at,
        via=via,
    )
