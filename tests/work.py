"""Runs due work in the test's own transaction, as a worker would."""

from datetime import UTC, datetime
from uuid import UUID

from tenants import scope, tasks
from tenants.dispatcher import claims


def run_due(*, at: datetime | None = None, kind: str | None = None, rounds: int = 20) -> list[str]:
    """Claim and do what is due at ``at`` until nothing is; return the kinds done, in order."""
    done: list[str] = []
    for _ in range(rounds):
        with scope.public():
            claimed = claims.claim(at=at or datetime.now(UTC))
            for claim in sorted(claimed, key=lambda claim: (claim.due_at, claim.work_id)):
                if kind is None or claim.kind == kind:
                    tasks.run(UUID(claim.agency_id), claim.work_id, claim.number)
                    done.append(claim.kind)
        if not claimed:
            return done
    return done
