"""Checks: one item of one round, its answers, and what data says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _

from appeals.models import Remediation
from appeals.selectors import remediations
from checklist.models import ProcedureItem, Proof, Round, Tick
from checklist.selectors import evidence
from checklist.selectors.evidence import Evidence, State, Verdict, reading_text, value_text
from scoring.models import StoreRating


class Group(StrEnum):
    OVERDUE = "overdue"
    NOW = "now"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Check:
    """One item of one round: its answer if it has one, and what data says."""

    round: Round
    item: ProcedureItem
    tick: Tick | None
    reopened: Tick | None  # the answer that data contradicted, while there is no new one
    evidence: Evidence
    at: datetime
    rating: StoreRating | None = None

    @property
    def key(self) -> str:
        return f"{self.round.pk}-{self.item.pk}"

    @property
    def group(self) -> Group:
        if self.tick is not None:
            return Group.DONE
        return Group.OVERDUE if self.round.due_at <= self.at else Group.NOW

    @property
    def is_answerable(self) -> bool:
        round_ = self.round
        return round_.state != Round.State.MISSED and round_.opens_at <= self.at < round_.closes_at

    @property
    def is_bad(self) -> bool:
        return self.evidence.verdict is Verdict.BAD

    @property
    def state(self) -> str:
        """The tick's look: open, half, stale, reopened, done, failed or skipped."""
        if self.tick is not None:
            return {"pass": "done", "fail": "failed"}.get(self.tick.result, "skipped")
        if self.reopened is not None:
            return "reopened"
        if self.item.proof == Proof.PERSON:
            return "open"
        return {
            Verdict.GOOD: "half",
            Verdict.PART: "half",
            Verdict.NONE: "stale",
        }.get(self.evidence.verdict, "open")

    @property
    def is_agreed(self) -> bool:
        """Whether data vouches for all of a pass that a person has yet to confirm."""
        is_open = self.tick is None and self.reopened is None
        return is_open and self.is_answerable and self.evidence.verdict is Verdict.GOOD

    @property
    def bad_words(self) -> str:
        """What data holds against a pass, in one line."""
        return _listed(part.text for part in self.evidence.fresh if part.state is State.OUTSIDE)

    @property
    def words(self) -> str:
        """What data says for an open item, in one line."""
        if self.is_bad:
            return self.bad_words
        if self.evidence.fresh:
            return _listed(part.text for part in self.evidence.fresh)
        if self.item.proof == Proof.PERSON:
            return ""
        return _("not known by data, look yourself")

    @property
    def answered_words(self) -> str:
        """Who answered, with which value, in one line."""
        tick = self.tick
        if tick is None:
            return ""
        return _listed([said_by(tick), value_of(tick)])

    @property
    def contradiction_words(self) -> str:
        """What the reading said that reopened the item."""
        return contradiction_of(self.reopened) if self.reopened else ""

    @property
    def contradicted_at(self) -> datetime | None:
        found = self.reopened.contradiction if self.reopened else None
        return datetime.fromisoformat(found["measured_at"]) if found else None

    @property
    def takes_one_press(self) -> bool:
        """Whether a pass needs neither a value nor a reason first."""
        has_value = bool(self.evidence.fresh) or not self.item.needs_value
        return has_value and not self.is_bad


def said_by(tick: Tick) -> str:
    """Return whose answer a tick is; data's own has nobody's name."""
    if tick.member is not None:
        return str(tick.member)
    return "" if tick.proof == Proof.DATA else _("Integration")


def value_of(tick: Tick) -> str:
    """Return what was seen: the value given, else the readings the answer rests on."""
    limit = next(iter(tick.item.limits.all()), None)
    if tick.value is not None:
        return value_text(limit.metric if limit else "", tick.value)
    return _listed(
        reading_text(metric, Decimal(fact["value"])) for metric, fact in tick.readings.items()
    )


def contradiction_of(tick: Tick) -> str:
    """Return what the reading said that reopened an answer, "" if none did."""
    found = tick.contradiction
    return reading_text(found["metric"], Decimal(found["value"])) if found else ""


def _listed(words: Iterable[str]) -> str:
    return ", ".join(word for word in words if word)


def checks_of(round_ids: Sequence[UUID], *, at: datetime) -> list[Check]:
    """Return every check of the rounds, in the order of the ids and of the procedures."""
    rounds = {
        round_.pk: round_
        for round_ in Round.objects.filter(pk__in=round_ids).select_related(
            "store", "procedure", "member__user", "role"
        )
    }
    items = {
        item.pk: item
        for item in ProcedureItem.objects.filter(
            pk__in={pk for round_ in rounds.values() for pk in round_.item_ids}
        ).prefetch_related("limits")
    }
    said = evidence.evidence_for(
        items.values(), {round_.store_id for round_ in rounds.values()}, at=at
    )
    in_force, contradicted = _ticks(rounds)
    found = []
    for pk in round_ids:
        round_ = rounds[pk]
        asked = sorted((items[one] for one in round_.item_ids), key=lambda item: item.order)
        found += [
            Check(
                round=round_,
                item=item,
                tick=in_force.get((pk, item.pk)),
                reopened=contradicted.get((pk, item.pk)),
                evidence=said[round_.store_id, item.pk],
                at=at,
            )
            for item in asked
        ]
    return found


def check_of(round_: Round, item: ProcedureItem, *, at: datetime) -> Check:
    """Return one check; ``item`` has its limits prefetched."""
    in_force, contradicted = _ticks({round_.pk: round_}, item=item)
    key = (round_.pk, item.pk)
    said = evidence.evidence_for([item], [round_.store_id], at=at)
    return Check(
        round=round_,
        item=item,
        tick=in_force.get(key),
        reopened=contradicted.get(key),
        evidence=said[round_.store_id, item.pk],
        at=at,
    )


@dataclass(frozen=True, slots=True)
class Past:
    """How an item ended in one round of a store: a bar of the small history."""

    round: Round
    result: str  # "pass", "fail", "na", "open" or "missed"
    was_reopened: bool

    @property
    def tone(self) -> str:
        return {"pass": "good", "fail": "bad", "missed": "bad"}.get(self.result, "none")

    @property
    def words(self) -> str:
        words = {
            "pass": _("passed"),
            "fail": _("failed"),
            "na": _("did not apply"),
            "missed": _("missed"),
        }.get(self.result, _("open"))
        return _("%(result)s, reopened by data") % {"result": words} if self.was_reopened else words


def last_rounds(round_: Round, item: ProcedureItem, *, count: int = 14) -> list[Past]:
    """Return how the item, under its key, ended in the store's last rounds, oldest first."""
    rounds = (
        Round.objects.filter(
            procedure=round_.procedure_id, store=round_.store_id, opens_at__lte=round_.opens_at
        )
        .prefetch_related(
            Prefetch(
                "ticks",
                Tick.objects.filter(item__key=item.key).order_by("at", "pk"),
                to_attr="answers",
            )
        )
        .order_by("-opens_at")[:count]
    )
    return [_past(one) for one in reversed(rounds)]


def history(rounds: QuerySet[Round]) -> QuerySet[Round]:
    """Return rounds newest first, for a store's list of them."""
    return (
        rounds.select_related("procedure", "store", "member__user", "role")
        .annotate(
            was_reopened=Exists(
                Tick.objects.filter(
                    round=OuterRef("pk"), superseded_because=Tick.Superseded.CONTRADICTED
                )
            )
        )
        .order_by("-opens_at", "-pk")
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer with its words: by whom, with what, what data held against it, the work on it."""

    tick: Tick
    words: str
    contradiction: str
    work: Remediation | None  # what it led to, while that is open


def stores_with_a_round_done(store_ids: Sequence[UUID]) -> set[UUID]:
    done = Round.objects.filter(store__in=store_ids, state=Round.State.DONE)
    return set(done.order_by().values_list("store_id", flat=True).distinct())


def answers(round_: Round) -> list[tuple[ProcedureItem, list[Answered]]]:
    """Return each item of the round with all its answers, the superseded ones too, oldest first."""
    by_item: dict[UUID, list[Answered]] = {}
    ticks = list(
        round_.ticks.select_related("member__user", "superseded_by__user", "item")
        .prefetch_related("item__limits")
        .order_by("at", "pk")
    )
    works = work_on(ticks)
    for tick in ticks:
        shown = Answered(
            tick,
            words=_listed([said_by(tick), value_of(tick)]),
            contradiction=contradiction_of(tick),
            work=works.get(tick.pk),
        )
        by_item.setdefault(tick.item_id, []).append(shown)
    items = ProcedureItem.objects.filter(pk__in=round_.item_ids).order_by("order", "id")
    return [(item, by_item.get(item.pk, [])) for item in items]


def work_on(ticks: Iterable[Tick]) -> dict[UUID, Remediation]:
    """Return the open work that failed answers led to, by their ids, in one query at most."""
    failed = [tick.pk for tick in ticks if tick.result == Tick.Result.FAIL]
    if not failed:
        return {}
    return remediations.open_by_origin(Remediation.Origin.TICK, failed)


def _past(round_: Round) -> Past:
    ticks: list[Tick] = getattr(round_, "answers", [])
    in_force = next((tick for tick in ticks if tick.superseded_at is None), None)
    ended = "missed" if round_.state == Round.State.MISSED else "open"
    return Past(
        round=round_,
        result=in_force.result if in_force else ended,
        was_reopened=any(tick.superseded_because == Tick.Superseded.CONTRADICTED for tick in ticks),
    )


def _ticks(
    rounds: Mapping[UUID, Round], item: ProcedureItem | None = None
) -> tuple[dict[tuple[UUID, UUID], Tick], dict[tuple[UUID, UUID], Tick]]:
    """Return the ticks in force, and the newest contradicted ones where none is, by their place."""
    found = Tick.objects.filter(round__in=rounds)
    if item is not None:
        found = found.filter(item=item)
    in_force: dict[tuple[UUID, UUID], Tick] = {}
    newest: dict[tuple[UUID, UUID], Tick] = {}
    for tick in (
        found.select_related("member__user", "item")
        .prefetch_related("item__limits")
        .order_by("at", "pk")
    ):
        place = (tick.round_id, tick.item_id)
        newest[place] = tick
        if tick.superseded_at is None:
            in_force[place] = tick
    contradicted = {
        place: tick
        for place, tick in newest.items()
        if place not in in_force and tick.superseded_because == Tick.Superseded.CONTRADICTED
    }
    return in_force, contradicted
