"""Keeps the answers about all stores of an agency: at once, and verified each night."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID
from zlib import crc32

from django.db import transaction

from scoring import books
from scoring.models import StoreRating
from scoring.selectors import fleet_ratings
from scoring.selectors.figures import switched_on
from scoring.selectors.fleet_ratings import COLUMNS
from scoring.services import rating
from stores.models import Store
from tenants import due, scope
from tenants.trail.services import record

logger = logging.getLogger(__name__)

VERIFY: Final = "scoring.verify"
SLICE: Final = 2_500  # stores verified in one step, well within a statement's time limit
MOST_MENDED: Final = 100  # stores mended in one step
# The nights of most sellers and of the people who look after them: 01:00 to 07:00 in China.
NIGHT_BEGINS: Final = timedelta(hours=17)
NIGHT_LASTS: Final = timedelta(hours=6)
NEVER_RATED: Final = "never_rated"
# What the trail calls columns that say one thing together.
_SUBJECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "raw": "rating",
        "label": "band",
        "label_zh": "band",
        "platform_value": "platform_rating",
        "platform_measure": "platform_rating",
        "platform_at": "platform_rating",
        "is_drift_alert": "drift",
        "milestone_measure": "milestone",
        "milestone_at": "milestone",
        "milestone_distance": "milestone",
        "is_near_milestone": "milestone",
        "next_expiry_at": "next_expiry",
        "next_expiry_points": "next_expiry",
    }
)


def _names(of: str) -> str:
    return ", ".join(f"{of}.{name}" for name in COLUMNS)


# A row that is new has seen nothing yet, so that the per-store path raises what is a day old. One
# that another transaction makes meanwhile is left to it.
_SAVE: Final = f"""{fleet_ratings.CURRENT},

now_said AS MATERIALIZED (SELECT store_id, {_names("answers")} FROM answers),

updated AS (
  UPDATE scoring_storerating kept
  SET {", ".join(f"{name} = now_said.{name}" for name in COLUMNS)}
  FROM now_said
  WHERE kept.store_id = now_said.store_id
    AND ({_names("kept")}) IS DISTINCT FROM ({_names("now_said")})
  RETURNING kept.store_id
),

added AS (
  INSERT INTO scoring_storerating
    (id, agency_id, store_id, {", ".join(COLUMNS)}, spark, in_force, evaluated_at, next_change_at)
  SELECT
    gen_random_uuid(), %(agency)s::uuid, now_said.store_id, {_names("now_said")}, '[]', '[]',
    asked_for.at - interval '24 hours', asked_for.at
  FROM now_said
  CROSS JOIN asked_for
  WHERE now_said.store_id NOT IN (SELECT store_id FROM scoring_storerating)
  ON CONFLICT (store_id) DO NOTHING
  RETURNING store_id
)

SELECT store_id FROM updated UNION ALL SELECT store_id FROM added
"""  # noqa: S608 - made of the constants above, no value in it

# What has only aged is brought up to date. What differs otherwise is told, by column; a row that
# waits for its own next change is left to that.
_VERIFY: Final = f"""{fleet_ratings.SWEEP},

aged AS (
  UPDATE scoring_storerating kept
  SET day_ago = answers.day_ago, week_ago = answers.week_ago, spark = answers.spark
  FROM answers
  WHERE kept.store_id = answers.store_id
    AND (kept.day_ago, kept.week_ago, kept.spark)
      IS DISTINCT FROM (answers.day_ago, answers.week_ago, answers.spark)
)

SELECT answers.store_id, differing.columns
FROM answers
CROSS JOIN asked_for
LEFT JOIN scoring_storerating kept ON kept.store_id = answers.store_id
CROSS JOIN LATERAL (
  SELECT CASE WHEN kept.id IS NULL THEN ARRAY['{NEVER_RATED}'] ELSE array_remove(ARRAY[
    {", ".join(f"CASE WHEN kept.{c} IS DISTINCT FROM answers.{c} THEN '{c}' END" for c in COLUMNS)}
  ], NULL) END AS columns
) differing
WHERE differing.columns <> ARRAY[]::text[]
  AND (kept.id IS NULL OR kept.next_change_at IS NULL OR kept.next_change_at > asked_for.at)
ORDER BY answers.store_id
"""  # noqa: S608 - as above


@dataclass
class Verified:
    """What a verification has found: how many stores, and what differed at which of them."""

    stores: int = 0
    mended: dict[UUID, list[str]] = field(default_factory=dict)
    next_store: UUID | None = None  # where to go on; None: all have been verified


@transaction.atomic
def rate_fleet(*, at: datetime) -> list[UUID]:
    """Bring the stored answers about all stores up to date, in one statement.

    Returns the stores whose answer has changed. Those are asked to be rated one by one at once,
    for what only the core gives: alerts, what milestones let us expect, the next change.
    """
    changed = save_current(at=at)
    due.add_each(kind="scoring.next", subjects=changed, at=at, instead=True)
    return changed


def save_current(*, at: datetime) -> list[UUID]:
    """Save the current answers about all stores; return those whose answer has changed."""
    asked = _asked(at=at, days=(0,), stores=None) | {"agency": scope.current_id()}
    return fleet_ratings.first_column(_SAVE, asked)


@transaction.atomic
def verify(*, at: datetime, via: str, since: UUID | None = None, most: int = SLICE) -> Verified:
    """Hold the stored answers about ``most`` stores, from ``since`` on, against the sweep.

    What differs is a defect of ours: it is rated anew by the core, logged and written to the
    audit trail. Where much differs some is left, and ``next_store`` is where to go on.
    """
    stores = Store.objects.order_by("pk")
    if since is not None:
        stores = stores.filter(pk__gte=since)
    ids = list(stores.values_list("pk", flat=True)[: most + 1])
    verified = Verified(len(ids[:most]), next_store=ids[most] if len(ids) > most else None)
    if not ids:
        return verified
    asked = _asked(at=at, days=range(rating.SPARK_DAYS), stores=ids[:most])
    rows = fleet_ratings.fetched(_VERIFY, asked)
    differing: dict[UUID, list[str]] = {row["store_id"]: row["columns"] for row in rows}
    for store_id in list(differing)[:MOST_MENDED]:
        _mend(store_id, differing[store_id], at=at, via=via)
        verified.mended[store_id] = differing[store_id]
    if len(differing) > MOST_MENDED:
        verified.next_store = list(differing)[MOST_MENDED]
        verified.stores = sum(pk < verified.next_store for pk in ids)
    return verified


def arm(*, at: datetime) -> None:
    """Ask for the agency's next verification; one that waits already stays as it is."""
    due.add(kind=VERIFY, at=next_night(scope.current_id(), at))


def go_on(store_id: UUID, *, at: datetime) -> None:
    """Ask for the slice of a verification that begins with this store."""
    due.add(kind=VERIFY, subject=store_id, at=at)


def next_night(agency_id: UUID, at: datetime) -> datetime:
    """Return when after ``at`` the agency's turn comes, its own moment of each night."""
    share = crc32(agency_id.bytes) / 2**32
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    turn = midnight + NIGHT_BEGINS + share * NIGHT_LASTS
    return turn if turn > at else turn + timedelta(days=1)


def _asked(*, at: datetime, days: Iterable[int], stores: Sequence[UUID] | None) -> dict[str, Any]:
    figures = fleet_ratings.figures_of(
        books.shelf().libraries, at=at, known_at=at, switched_on=switched_on()
    )
    return fleet_ratings.parameters(figures=figures, at=at, known_at=at, days=days, stores=stores)


def _mend(store_id: UUID, columns: Sequence[str], *, at: datetime, via: str) -> None:
    store = Store.objects.get(pk=store_id)
    before = StoreRating.objects.filter(store=store).values_list("rating", flat=True).first()
    row = rating.rate(store=store, at=at)
    logger.error("rating_mended", extra={"store_id": store_id, "columns": list(columns)})
    differed = dict.fromkeys(_SUBJECTS.get(column, column) for column in columns)
    record(
        action="rating.mended",
        by=None,
        subject=row,
        store_id=store_id,
        changes={"rating": [before, row.rating], "differed": list(differed)},
        at=at,
        via=via,
    )
