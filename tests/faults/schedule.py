"""Faults as data: what is killed when, the same for the same seed."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    WORKER = "worker"  # a worker with all its children
    CHILD = "child"  # one process of a worker's pool
    DISPATCHER = "dispatcher"
    VALKEY = "valkey"  # comes back empty
    SESSIONS = "sessions"  # every session of the login role
    POOLER = "pooler"
    POSTGRES = "postgres"  # the postmaster


# How often each comes beside the others: a crash of the database stops everything for seconds.
WEIGHTS = {
    Kind.WORKER: 3,
    Kind.CHILD: 6,
    Kind.DISPATCHER: 4,
    Kind.VALKEY: 4,
    Kind.SESSIONS: 5,
    Kind.POOLER: 3,
    Kind.POSTGRES: 1,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind`` dies ``at`` seconds after the start; ``target`` picks one where there are more."""

    at: float
    kind: Kind
    target: int


def faults(seed: int, *, count: int, seconds: float) -> list[Fault]:
    """Return ``count`` faults over ``seconds`` by time; one of each kind where there is room."""
    draw = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    kinds = list(Kind)
    draw.shuffle(kinds)
    kinds += draw.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=max(0, count - 7))
    kinds = kinds[:count]
    draw.shuffle(kinds)
    moments = sorted(round(draw.uniform(0, seconds), 2) for _ in kinds)
    return [
        Fault(at=at, kind=kind, target=draw.randrange(1000))
        for at, kind in zip(moments, kinds, strict=True)
    ]
