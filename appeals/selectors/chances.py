"""How far the appeals of violations are, for whoever looks for what brings points back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.urls import reverse

from appeals.models import Appeal, Attempt
from appeals.selectors.cases import OPEN, shots
from scoring.chances import AppealChance

_BEGUN_ANEW: Final = Appeal.State.WITHDRAWN  # may be filed again while its window is open


def appeal_chances(violation_ids: Sequence[UUID], _at: datetime) -> Mapping[UUID, AppealChance]:
    """Return how far the appeal of each violation is that has one, in two queries."""
    appeals = list(Appeal.objects.filter(violation__in=violation_ids))
    attempts: dict[UUID, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(appeal__in=appeals).defer("grounds").order_by("number"):
        attempts[attempt.appeal_id].append(attempt)
    return {
        appeal.violation_id: _chance(appeal, own)
        for appeal in appeals
        if appeal.violation_id is not None and (own := attempts[appeal.pk])
    }


def _chance(appeal: Appeal, attempts: Sequence[Attempt]) -> AppealChance:
    last = attempts[-1]
    is_open = appeal.state in OPEN or appeal.state == _BEGUN_ANEW
    return AppealChance(
        attempts_left=appeal.attempts_allowed - shots(attempts)[-1] + 1 if is_open else 0,
        file_by=last.file_by,
        filed_at=last.filed_at if last.state == Attempt.State.FILED else None,
        href=reverse("appeals:case", args=[appeal.pk]),
    )
