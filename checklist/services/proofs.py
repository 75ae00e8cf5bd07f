"""What data answers: passes by fresh readings, and answers that a later reading contradicts."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q

from checklist import core
from checklist.models import ItemLimit, ProcedureItem, Proof, Round, Tick
from checklist.selectors.evidence import Fact, Verdict, evidence_for
from stores.models import Reading
from stores.services import alerts

logger = logging.getLogger(__name__)

CONTRADICTED: Final = "check.contradicted"


def tick_by_data(*, rounds: Iterable[Round], at: datetime) -> None:
    """Pass the open items of ``rounds`` for which fresh readings vouch, all within their limits.

    Only items proven by data alone are passed; a stale or missing reading passes nothing, a bad
    one leaves its item open.
    """
    rounds = list(rounds)
    if not rounds:
        return
    items = list(
        ProcedureItem.objects.filter(
            pk__in={pk for round_ in rounds for pk in round_.item_ids}, proof=Proof.DATA
        ).prefetch_related("limits")
    )
    evidence = evidence_for(items, {round_.store_id for round_ in rounds}, at=at)
    answered = set(
        Tick.objects.filter(round__in=rounds, superseded_at=None).values_list("round", "item")
    )
    ticks = [
        Tick(
            round=round_,
            item=item,
            result=Tick.Result.PASS,
            proof=Proof.DATA,
            at=at,
            readings=found.as_json(),
        )
        for round_ in rounds
        for item in items
        if item.pk in round_.item_ids
        and (round_.pk, item.pk) not in answered
        and (found := evidence[round_.store_id, item.pk]).verdict is Verdict.GOOD
    ]
    Tick.objects.bulk_create(ticks, ignore_conflicts=True)
    recount(rounds=[*{tick.round_id: tick.round for tick in ticks}.values()], at=at)


@transaction.atomic
def hear_reading(*, reading: Reading, at: datetime) -> None:
    """Let a new reading reopen what it contradicts and pass what it proves, at its store.

    What a person typed in is no data: it neither passes nor contradicts an answer.
    """
    if reading.source == Reading.Source.PERSON:
        return
    rounds = list(
        Round.objects.select_for_update(of=("self",))
        .filter(store_id=reading.store_id, opens_at__lte=at, closes_at__gt=at)
        .exclude(state=Round.State.MISSED)
        .select_related("store")
        .order_by("pk")
    )
    limits = list(
        ItemLimit.objects.filter(
            metric=reading.metric, item__in={pk for round_ in rounds for pk in round_.item_ids}
        )
    )
    if not limits:
        return
    _reopen_contradicted(rounds, limits, reading, at)
    concerned = {limit.item_id for limit in limits}
    tick_by_data(
        rounds=[
            round_
            for round_ in rounds
            if round_.state == Round.State.OPEN and concerned & set(round_.item_ids)
        ],
        at=at,
    )


def recount(*, rounds: Sequence[Round], at: datetime) -> None:
    """Write down how far rounds are, from their ticks; the last answer makes a round done.

    A missed round stays missed.
    """
    counts: dict[UUID, dict[str, int]] = defaultdict(lambda: {"answered": 0, "failed": 0})
    ticks = Tick.objects.filter(round__in=rounds, superseded_at=None).values("round")
    for row in ticks.annotate(
        answered=Count("pk"), failed=Count("pk", filter=Q(result=Tick.Result.FAIL))
    ):
        counts[row["round"]] = {"answered": row["answered"], "failed": row["failed"]}
    for round_ in rounds:
        if round_.state == Round.State.MISSED:
            continue
        count = counts[round_.pk]
        is_done = count["answered"] >= round_.total
        round_.answered, round_.failed = count["answered"], count["failed"]
        round_.done_at = (round_.done_at or at) if is_done else None
        round_.state = Round.State.DONE if is_done else Round.State.OPEN
    Round.objects.bulk_update(rounds, ["answered", "failed", "done_at", "state"])


def tell_contradiction(
    *, round_: Round, item: ProcedureItem, said: Tick, reading: Mapping[str, object], at: datetime
) -> None:
    """Tell the lead that an answer and the data disagree."""
    alerts.open_alert(
        store=round_.store,
        code=CONTRADICTED,
        detail={
            "round": str(round_.pk),
            "item": str(item.pk),
            "title": item.title,
            "member": str(said.member) if said.member else "",
            "said_at": said.at.isoformat(),
            **reading,
        },
        at=at,
    )


def _reopen_contradicted(
    rounds: list[Round], limits: list[ItemLimit], reading: Reading, at: datetime
) -> None:
    by_item = {limit.item_id: limit for limit in limits}
    by_round = {round_.pk: round_ for round_ in rounds}
    passed = Tick.objects.filter(
        round__in=rounds, item__in=by_item, superseded_at=None, result=Tick.Result.PASS
    ).select_related("item", "member__user")
    reopened = []
    for tick in passed:
        if not _contradicts(reading, tick, by_item[tick.item_id]):
            continue
        fact = {"metric": reading.metric, **Fact.of(reading).as_json()}
        Tick.objects.filter(pk=tick.pk, superseded_at=None).update(
            superseded_at=at,
            superseded_because=Tick.Superseded.CONTRADICTED,
            contradiction=fact,
        )
        round_ = by_round[tick.round_id]
        reopened.append(round_)
        if tick.proof != Proof.DATA:
            tell_contradiction(round_=round_, item=tick.item, said=tick, reading=fact, at=at)
    if reopened:
        recount(rounds=reopened, at=at)


def _contradicts(reading: Reading, tick: Tick, limit: ItemLimit) -> bool:
    """Return whether ``reading`` says otherwise than ``tick``, and speaks of the same time.

    A pass that was given in the knowledge of a bad reading falls only to a worse one.
    """
    if not tick.at < reading.measured_at <= tick.at + limit.max_age:
        return False
    now_outside = core.excess(limit.comparator, reading.value, limit.value)
    if now_outside <= 0:
        return False
    known = tick.readings.get(limit.metric)
    if known is None:
        return True
    return now_outside > core.excess(limit.comparator, Decimal(known["value"]), limit.value)
