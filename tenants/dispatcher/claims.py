"""Claims due work: what is ready, agency by agency, so that none waits for another's backlog.

A row whose moment has come is first marked ready (``promote``). The index of ready rows goes by
kind and agency, so that a claim steps from one agency that has ready work to the next, whatever
the number of those that have none. Each takes its turn, and gives its oldest row first.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from tenants import due
from tenants.due import Kind

# A message that nobody has begun after this long may be lost, and its row is ready to be claimed
# anew; where it only waited it still counts, until then. A run that has begun has the lease of its
# kind.
LEASE: Final = timedelta(seconds=10)
BATCH: Final = 100
_PROMOTED_AT_ONCE: Final = 2_500  # from each end
_MOST_PASSED_OVER: Final = 2_000  # agencies that may not work, at once
_FIRST: Final = UUID(int=0)

_LAPSED = """
WITH lapsed AS MATERIALIZED (
  SELECT id FROM tenants_duework
  WHERE claimed_until <= %(now)s AND done_at IS NULL AND quarantined_at IS NULL
  ORDER BY claimed_until LIMIT %(most)s FOR UPDATE SKIP LOCKED)
UPDATE tenants_duework AS work SET
  claimed_until = NULL,
  quarantined_at = CASE WHEN started >= %(starts)s THEN %(now)s END,
  last_error = CASE WHEN started >= %(starts)s THEN %(reason)s ELSE last_error END
FROM lapsed WHERE work.id = lapsed.id
RETURNING work.id, kind, quarantined_at IS NOT NULL
"""
_DUE = """
  SELECT id FROM tenants_duework
  WHERE due_at <= %(now)s AND NOT ready AND claimed_until IS NULL
    AND done_at IS NULL AND quarantined_at IS NULL"""
# From both ends: behind a backlog too long for one step, what has just come due is ready at once.
_COMING = f"""
WITH oldest AS MATERIALIZED ({_DUE} ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED),
  newest AS MATERIALIZED ({_DUE} ORDER BY due_at DESC LIMIT %(most)s FOR UPDATE SKIP LOCKED)
UPDATE tenants_duework AS work SET ready = true
FROM (SELECT id FROM oldest UNION SELECT id FROM newest) AS coming WHERE work.id = coming.id
"""  # noqa: S608 - only our own words are put together
_READY = "kind = %(kind)s AND ready AND done_at IS NULL AND quarantined_at IS NULL"
_KINDS = """
SELECT name FROM unnest(%s::text[]) AS name CROSS JOIN LATERAL (
  SELECT FROM tenants_duework WHERE kind = name
    AND ready AND done_at IS NULL AND quarantined_at IS NULL LIMIT 1) AS any_row
"""
# From agency to agency that has ready work: one descent into the index for each.
_TURNS = f"""
WITH RECURSIVE turn (agency_id, may, places, looks) AS (
  SELECT %(after)s::uuid, false, 0, 0
  UNION ALL
  SELECT following.id, following.may, places + following.may::int, looks + 1
  FROM turn CROSS JOIN LATERAL (
    SELECT agency.id, agency.state = ANY(%(states)s) AS may
    FROM (SELECT agency_id FROM tenants_duework
      WHERE {_READY} AND agency_id > turn.agency_id ORDER BY agency_id LIMIT 1) AS next
    JOIN tenants_agency agency ON agency.id = next.agency_id) AS following
  WHERE places < %(most)s AND looks < %(looks)s)
SELECT agency_id, may FROM turn WHERE looks > 0 ORDER BY looks
"""  # noqa: S608 - only our own words are put together
_CLAIM = f"""
WITH picked AS MATERIALIZED (
  SELECT oldest.id FROM unnest(%(agencies)s::uuid[]) AS turn(agency_id) CROSS JOIN LATERAL (
    SELECT id FROM tenants_duework
    WHERE {_READY} AND agency_id = turn.agency_id
    ORDER BY due_at LIMIT %(share)s FOR UPDATE SKIP LOCKED) AS oldest)
UPDATE tenants_duework AS work SET
  ready = false, claimed_until = %(until)s, claims = claims + 1
FROM picked WHERE work.id = picked.id
RETURNING work.id, agency_id::text, kind, claims, due_at
"""  # noqa: S608 - only our own words are put together
_RELEASE = """
UPDATE tenants_duework SET claimed_until = NULL, ready = true
FROM unnest(%s::bigint[], %s::integer[]) AS claim(work_id, number)
WHERE id = work_id AND claims = number AND started = 0 AND claimed_until IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Claim:
    work_id: int
    agency_id: str
    kind: str
    number: int  # the row's how-manieth claim; an older message of the row is void
    due_at: datetime


@dataclass(slots=True)
class Turns:
    """Whose turn it is: for each kind, the agency that was served last."""

    served: dict[str, UUID] = field(default_factory=dict)

    def of(self, kind: Kind, most: int) -> list[UUID]:
        """Return the next agencies that have ready work and may do it.

        Those whose work has to wait (suspended, not ready) are passed over.
        """
        after = self.served.get(kind.name, _FIRST)
        found = _turns(kind, after, most)
        missing = most - sum(may for _agency_id, may in found)
        if missing > 0 and after != _FIRST:
            found += [each for each in _turns(kind, _FIRST, missing) if each[0] <= after]
        if found:
            self.served[kind.name] = found[-1][0]
        return [agency_id for agency_id, may in found if may]


def _turns(kind: Kind, after: UUID, most: int) -> list[tuple[UUID, bool]]:
    values = {
        "kind": kind.name,
        "after": after,
        "most": most,
        "looks": most + _MOST_PASSED_OVER,
        "states": list(kind.states),
    }
    return _rows(_TURNS, values)


def promote(*, at: datetime) -> None:
    """Mark as ready what is due at ``at``; take back what was claimed and never ended.

    A row that took its process with it too often is set aside.
    """
    values: dict[str, Any] = {
        "now": at,
        "most": _PROMOTED_AT_ONCE,
        "starts": due.MOST_STARTS,
        "reason": due.ENDED_ITS_PROCESS,
    }
    for work_id, kind, is_set_aside in _rows(_LAPSED, values):
        if is_set_aside:
            due.log_quarantine(work_id, kind, due.ENDED_ITS_PROCESS)
    _rows(_COMING, values)


def ready_kinds() -> list[Kind]:
    """Return the kinds that have ready work; kinds of a newer deploy are left to its dispatcher."""
    known = due.kinds()
    return [known[name] for (name,) in _rows(_KINDS, [list(known)])]


def claim_kind(kind: Kind, *, at: datetime, most: int, turns: Turns) -> list[Claim]:
    """Lease up to ``most`` ready rows, in the order to send them.

    Agencies take turns; where there are fewer than ``most`` each gives several rows.
    """
    agencies = turns.of(kind, most)
    if not agencies:
        return []
    values = {
        "kind": kind.name,
        "agencies": agencies,
        "share": max(1, most // len(agencies)),
        "until": at + LEASE,
    }
    claimed = [Claim(*row) for row in _rows(_CLAIM, values)]
    return _in_turns(claimed, [str(agency) for agency in agencies])


def _in_turns(claims: Iterable[Claim], agencies: Sequence[str]) -> list[Claim]:
    """Order claims as they are to be done: each agency's oldest, then each one's second."""
    of_agency: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: (claim.due_at, claim.work_id)):
        of_agency[claim.agency_id].append(claim)
    rounds = zip_longest(*(of_agency[agency] for agency in agencies))
    return [claim for each in rounds for claim in each if claim is not None]


def claim(
    *, at: datetime, batch: int = BATCH, turns: Turns | None = None, of: Collection[Kind] = ()
) -> list[Claim]:
    """Promote, and lease up to ``batch`` rows of each kind that has ready work (or each ``of``)."""
    turns = turns or Turns()
    promote(at=at)
    claimed: list[Claim] = []
    for kind in of or ready_kinds():
        claimed += claim_kind(kind, at=at, most=batch, turns=turns)
    return claimed


def release(claims: Sequence[Claim]) -> None:
    """Let claims be made anew at once: their messages were never sent."""
    if claims:
        ids, numbers = [each.work_id for each in claims], [each.number for each in claims]
        _rows(_RELEASE, [ids, numbers])


# Every statement here reads a few rows by an index made for it. The planner takes the row
# policies for a filter that hardly lets a row pass, and would rather read the whole table.
_BY_INDEX: Final = "SELECT " + ", ".join(
    f"set_config('enable_{way}', 'off', true)"
    for way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin")
)


def _rows(statement: str, values: Any) -> list[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BY_INDEX)
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []
