"""Answers of people."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final
from uuid import UUID

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from checklist import core
from checklist.models import ProcedureItem, Proof, Round, Tick
from checklist.models.rounds import NOTE_LENGTH
from checklist.selectors.evidence import Evidence, State, Verdict, evidence_for
from checklist.services import proofs
from stores.metrics import METRICS
from stores.models import Reading
from stores.services.readings import record_reading
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

_LARGEST_VALUE: Final = Decimal(10) ** 12


class RoundClosed(DomainError):
    code: ClassVar[str] = "round_closed"


class NotOfThisRound(DomainError):
    code: ClassVar[str] = "not_of_this_round"


class AnsweredMeanwhile(DomainError):
    code: ClassVar[str] = "answered_meanwhile"


class ValueMissing(DomainError):
    code: ClassVar[str] = "value_missing"


class ValueUnusable(DomainError):
    code: ClassVar[str] = "value_unusable"


class ReasonMissing(DomainError):
    code: ClassVar[str] = "reason_missing"


class NoteTooLong(DomainError):
    code: ClassVar[str] = "note_too_long"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says about an item. ``photo`` is a picture, already looked at."""

    result: str
    value: Decimal | None = None
    note: str = ""
    photo: File | None = None  # type: ignore[type-arg]


@transaction.atomic
def tick_item(
    *,
    round_: Round,
    item: ProcedureItem,
    answer: Answer,
    by: Membership | None,
    at: datetime,
    replaces: UUID | None = None,
    via: str = "page",
) -> Tick:
    """Answer an item of a round, in place of the answer ``replaces`` where one is in force.

    A pass against a fresh reading outside its limit takes a note, and the lead is told. A value
    becomes a reading of the item's first metric, by the person.

    Raises:
        RoundClosed: before the round opens, from its closing on, or once it was missed.
        NotOfThisRound: if the round does not ask ``item``.
        AnsweredMeanwhile: if the answer in force is not ``replaces``.
        ValueMissing, ValueUnusable: if the item asks for a value and gets none, or no such one.
        ReasonMissing: for a pass against the data, or "does not apply", without a note.
        NoteTooLong: if the note is longer than 2,000 characters.
    """
    round_ = _held(round_, at)
    if item.pk not in round_.item_ids:
        raise NotOfThisRound(_("This round does not ask for this item."))
    evidence = evidence_for([item], [round_.store_id], at=at)[round_.store_id, item.pk]
    value = _value(item, answer, evidence)
    is_against_data = _is_against_data(item, answer.result, value, evidence)
    _check_words(answer, is_against_data=is_against_data)
    _supersede(round_, item, replaces, by, at)
    tick = Tick.objects.create(
        round=round_,
        item=item,
        result=answer.result,
        value=value,
        note=answer.note,
        photo=answer.photo or "",
        proof=_proof(answer.result, evidence),
        member=by,
        at=at,
        readings=evidence.as_json(),
    )
    proofs.recount(rounds=[round_], at=at)
    if answer.value is not None:
        _record_value(tick, answer.value, by, at, via)
    if is_against_data:
        _tell_lead(tick, evidence, at)
    record(
        action="tick.recorded",
        by=by,
        subject=tick,
        store_id=round_.store_id,
        changes={
            "round": str(round_.pk),
            "item": item.key,
            "result": answer.result,
            "value": None if value is None else str(value),
        },
        at=at,
        via=via,
    )
    return tick


@transaction.atomic
def undo_tick(*, tick: Tick, by: Membership, at: datetime, via: str = "page") -> None:
    """Take an answer back; it stays in the round as undone, and its item is open again.

    Raises:
        RoundClosed: if the round takes no answer any more.
        AnsweredMeanwhile: if the answer is not in force.
    """
    round_ = _held(tick.round, at)
    in_force = Tick.objects.filter(pk=tick.pk, superseded_at=None)
    if not in_force.update(
        superseded_at=at, superseded_because=Tick.Superseded.UNDONE, superseded_by=by
    ):
        raise AnsweredMeanwhile(_("This answer has been taken back or changed already."))
    tick.refresh_from_db()
    proofs.recount(rounds=[round_], at=at)
    record(
        action="tick.undone",
        by=by,
        subject=tick,
        store_id=round_.store_id,
        changes={"round": str(round_.pk), "item": tick.item.key},
        at=at,
        via=via,
    )


def _held(round_: Round, at: datetime) -> Round:
    # Members and data may answer items of one round at once; its counters go up one by one.
    held = Round.objects.select_for_update(of=("self",)).select_related("store").get(pk=round_.pk)
    if held.state == Round.State.MISSED or not held.opens_at <= at < held.closes_at:
        raise RoundClosed(_("This round is closed and takes no more answers."))
    return held


def _value(item: ProcedureItem, answer: Answer, evidence: Evidence) -> Decimal | None:
    if answer.value is not None:
        if not answer.value.is_finite() or abs(answer.value) >= _LARGEST_VALUE:
            raise ValueUnusable(_("Give the value as a number."))
        return answer.value
    if not item.needs_value or answer.result == Tick.Result.NA:
        return None
    known = next((part.fact for part in evidence.fresh if part.fact), None)
    if known is None:
        raise ValueMissing(_("This item asks for a value: say what you read."))
    return known.value


def _is_against_data(
    item: ProcedureItem, result: str, value: Decimal | None, evidence: Evidence
) -> bool:
    if result != Tick.Result.PASS:
        return False
    if evidence.verdict is Verdict.BAD:
        return True
    limit = next(iter(item.limits.all()), None)
    if value is None or limit is None or not item.needs_value:
        return False
    return core.excess(limit.comparator, value, limit.value) > 0


def _check_words(answer: Answer, *, is_against_data: bool) -> None:
    if len(answer.note) > NOTE_LENGTH:
        raise NoteTooLong(_("A note has at most %(most)s characters.") % {"most": NOTE_LENGTH})
    if answer.note.strip():
        return
    if is_against_data:
        raise ReasonMissing(
            _("This is outside the limit. To pass it all the same, give a reason in the note.")
        )
    if answer.result == Tick.Result.NA:
        raise ReasonMissing(_("Say in the note why this does not apply."))


def _supersede(
    round_: Round, item: ProcedureItem, replaces: UUID | None, by: Membership | None, at: datetime
) -> None:
    in_force = Tick.objects.filter(round=round_, item=item, superseded_at=None)
    if in_force.values_list("pk", flat=True).first() != replaces:
        raise AnsweredMeanwhile(_("Somebody else has answered meanwhile. Look at it again."))
    in_force.update(superseded_at=at, superseded_because=Tick.Superseded.CHANGED, superseded_by=by)


def _proof(result: str, evidence: Evidence) -> str:
    agreeing = {
        Tick.Result.PASS: {Verdict.GOOD, Verdict.PART},
        Tick.Result.FAIL: {Verdict.BAD},
    }
    agrees = evidence.verdict in agreeing.get(Tick.Result(result), set())
    return Proof.MIXED if agrees else Proof.PERSON


def _record_value(
    tick: Tick, value: Decimal, by: Membership | None, at: datetime, via: str
) -> None:
    limit = tick.item.limits.first()
    may_record = by is not None and by.can("readings.record")
    if limit is None or not may_record or limit.metric not in METRICS:
        return
    record_reading(
        store=tick.round.store,
        metric=limit.metric,
        value=value,
        measured_at=at,
        source=Reading.Source.PERSON,
        by=by,
        at=at,
        via=via,
    )


def _tell_lead(tick: Tick, evidence: Evidence, at: datetime) -> None:
    parts = [part for part in evidence.fresh if part.state is State.OUTSIDE]
    if parts and (fact := parts[0].fact):
        said = {"metric": parts[0].limit.metric, **fact.as_json()}
    else:  # the member's own value is outside the limit
        said = {"metric": "", "value": "" if tick.value is None else f"{tick.value:f}"}
    proofs.tell_contradiction(round_=tick.round, item=tick.item, said=tick, reading=said, at=at)
