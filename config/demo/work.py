"""The demo agency's work: rounds done on past days and begun today, cases on their way."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from appeals.models import Attempt
from appeals.services import cases, outcomes, remediations
from checklist.models import ProcedureItem, Round, Schedule
from checklist.services import rounds
from checklist.services.ticks import Answer, tick_item
from stores.models import Enforcement, Violation
from stores.services import violations
from tenants.models import Membership

DAYS_DONE: Final = 3
# Left undone: one store's rounds of the past days, so that "missed" is seen as well.
FORGOTTEN: Final = "Glowry Skin"
_GROUNDS: Final = (
    "We ask for a review of this violation. The orders concerned were handed to the carrier within"
    " the dispatch time; the carrier's scans are attached. The count includes orders on hold."
)


def do_rounds(members: dict[str, Membership], *, at: datetime) -> None:
    """Sweep the schedules day by day, and answer what was open then; today's is half done."""
    Schedule.objects.update(opened_until=at - timedelta(days=DAYS_DONE, hours=12))
    doer = members["linh"]
    for day in range(DAYS_DONE, -1, -1):
        moment = at - timedelta(days=day)
        for schedule in Schedule.objects.all():
            rounds.sweep(schedule_id=schedule.pk, at=moment)
        for number, round_ in enumerate(_open(moment)):
            if round_.store.name != FORGOTTEN and (day or number % 3):
                _answer(round_, doer, moment)


def _open(at: datetime) -> list[Round]:
    waiting = Round.objects.filter(state=Round.State.OPEN, opens_at__lte=at, closes_at__gt=at)
    return list(waiting.select_related("store").order_by("opens_at", "store__name"))


def _answer(round_: Round, by: Membership, at: datetime) -> None:
    answered = set(round_.ticks.filter(superseded_at=None).values_list("item_id", flat=True))
    for item in ProcedureItem.objects.filter(pk__in=set(round_.item_ids) - answered):
        value = Decimal(1) if item.needs_value else None
        tick_item(
            round_=round_, item=item, answer=Answer("pass", value), by=by, at=at, via="command"
        )


def open_cases(members: dict[str, Membership], *, at: datetime) -> None:
    """Open a case in draft, one filed and one granted, two remediations and a restriction."""
    drafter, reviewer = members["sofia"], members["linh"]
    day = timedelta(days=1)
    removed = violation_of("Glowry Skin", "prohibited_product")
    violations.record_enforcement(
        store=removed.store,
        kind=Enforcement.Kind.LISTING_REMOVED,
        starts_at=removed.reported_at,
        violation=removed,
        source="person",
        by=drafter,
        at=removed.reported_at + day,
        via="command",
    )
    draft = violation_of("Fernwood Kitchen", "counterfeit")
    _draft(draft, drafter, draft.reported_at + day)
    filed = violation_of("Nhà Mây Decor", "high_late_dispatch_rate")
    file_appeal(filed, members["somchai"], reviewer, filed.reported_at + 2 * day)
    won = violation_of("Trailbeam Outdoor", "high_late_dispatch_rate")
    attempt = file_appeal(won, drafter, reviewer, won.reported_at + 4 * day)
    outcomes.record_outcome(
        attempt=attempt,
        outcome="granted",
        by=reviewer,
        at=won.reported_at + 12 * day,
        via="command",
    )
    for store_name, rule, title in (
        ("Glowry Skin", "prohibited_product", "Take peeling solutions out of every listing"),
        ("Manila Gadget Hub", "high_late_dispatch_rate", "Second courier pick-up on Saturdays"),
    ):
        cause = violation_of(store_name, rule)
        remediations.open_remediation(
            store=cause.store,
            title=title,
            origin_kind="violation",
            origin_id=cause.pk,
            origin_text=str(cause),
            owner=cause.store.owner,
            due_at=at + 3 * day,
            by=reviewer,
            at=at - day,
            steps=("Find every listing or order concerned", "Mend it", "Check again after a week"),
            via="command",
        )


def violation_of(store_name: str, rule: str) -> Violation:
    found = Violation.objects.filter(store__name=store_name, rule=rule)
    return found.select_related("store").latest("reported_at")


def _draft(violation: Violation, by: Membership, at: datetime) -> Attempt:
    appeal = cases.open_appeal(violation=violation, by=by, at=at, via="command")
    attempt = Attempt.objects.select_related("appeal__store").get(appeal=appeal)
    cases.save_draft(
        attempt=attempt,
        grounds=_GROUNDS,
        channel=Attempt.Channel.APPEAL_FORM,
        revision=attempt.revision,
        by=by,
        at=at,
        via="command",
    )
    attempt.refresh_from_db()
    return attempt


def file_appeal(
    violation: Violation, drafter: Membership, reviewer: Membership, at: datetime
) -> Attempt:
    attempt = _draft(violation, drafter, at)
    hour = timedelta(hours=1)
    cases.request_review(attempt=attempt, by=drafter, at=at + hour, via="command")
    attempt.refresh_from_db()
    cases.approve_attempt(attempt=attempt, by=reviewer, at=at + 2 * hour, via="command")
    attempt.refresh_from_db()
    cases.file_attempt(
        attempt=attempt, by=reviewer, at=at + 3 * hour, review_required=True, via="command"
    )
    attempt.refresh_from_db()
    return attempt
