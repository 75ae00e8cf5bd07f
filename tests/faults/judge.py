"""Compares what a client was told with what stands in the database."""

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime

from tests.faults.jobs.kinds import beat_of
from tests.faults.journal import Told
from tests.faults.stage import Stage


@dataclass(frozen=True)
class Verdict:
    """What is wrong; each of the lists is empty where the promise was kept."""

    lost: list[str] = field(default_factory=list)  # acknowledged, and not there
    doubled: list[str] = field(default_factory=list)  # there more than once
    unasked: list[str] = field(default_factory=list)  # there, though nobody tried
    set_aside: list[str] = field(default_factory=list)  # given up by the dispatcher

    def counted(self) -> str:
        """Say "0 lost, 0 doubled" and, where there is any, what else is wrong."""
        counts = {each.name: len(getattr(self, each.name)) for each in fields(self)}
        shown = [name for name in counts if counts[name] or name in {"lost", "doubled"}]
        return ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in shown)


def effects(stage: Stage, prefix: str) -> list[tuple[str, datetime, datetime]]:
    """Return every effect of the jobs named ``prefix``-…: its job, due time and time."""
    found = []
    for place in stage.agencies:
        found += stage.query(
            f"SELECT job, due_at, at FROM {place.schema}.fault_effect"  # noqa: S608 - our own word
            " WHERE starts_with(job, %s) ORDER BY at",
            f"{prefix}-",
        )
    return found


def waiting(stage: Stage, prefix: str) -> int:
    """Return how many jobs named ``prefix``-… are neither done nor set aside."""
    ((count,),) = stage.query(
        "SELECT count(*) FROM tenants_duework WHERE kind LIKE 'faults.%%'"
        " AND starts_with(subject, %s) AND done_at IS NULL AND quarantined_at IS NULL",
        f"{prefix}-",
    )
    return int(count)


def set_aside(stage: Stage, prefix: str) -> list[str]:
    rows = stage.query(
        "SELECT subject FROM tenants_duework WHERE kind LIKE 'faults.%%'"
        " AND starts_with(subject, %s) AND quarantined_at IS NOT NULL ORDER BY subject",
        f"{prefix}-",
    )
    return [subject for (subject,) in rows]


def judge_jobs(stage: Stage, prefix: str, told: Told) -> Verdict:
    done = Counter(job for job, _due_at, _at in effects(stage, prefix) if ":" not in job)
    return Verdict(
        lost=sorted(told.kept - done.keys()),
        doubled=sorted(job for job, times in done.items() if times > 1),
        unasked=sorted(done.keys() - told.tried),
        set_aside=set_aside(stage, prefix),
    )


def judge_writes(stage: Stage, prefix: str, told: Told) -> Verdict:
    """Judge violations that were posted with references named ``prefix``-…."""
    found: Counter[str] = Counter()
    for place in stage.agencies:
        found.update(
            reference
            for (reference,) in stage.query(
                f"SELECT reference FROM {place.schema}.stores_violation"  # noqa: S608 - our own
                " WHERE starts_with(reference, %s)",
                f"{prefix}-",
            )
        )
    return Verdict(
        lost=sorted(told.kept - found.keys()),
        doubled=sorted(name for name, times in found.items() if times > 1),
        unasked=sorted(found.keys() - told.tried),
    )


def judge_beats(stage: Stage, prefix: str, chains: int, last: int) -> Verdict:
    """Judge ``chains`` of periods 0 to ``last``, each asked for by the one before."""
    done = Counter(job for job, _due_at, _at in effects(stage, prefix) if ":" in job)
    wanted = {
        f"{beat_of(prefix, chain, last)}:{period}"
        for chain in range(chains)
        for period in range(last + 1)
    }
    return Verdict(
        lost=sorted(wanted - done.keys()),
        doubled=sorted(job for job, times in done.items() if times > 1),
        unasked=sorted(done.keys() - wanted),
        set_aside=set_aside(stage, prefix),
    )


def both(*verdicts: Verdict) -> Verdict:
    """Return what is wrong by any of ``verdicts``."""
    return Verdict(
        **{
            each.name: [name for verdict in verdicts for name in getattr(verdict, each.name)]
            for each in fields(Verdict)
        }
    )
