"""Procedures, when they are due, and what was answered with which proof."""

from checklist.models.procedures import (
    Assignee,
    ItemLimit,
    Procedure,
    ProcedureItem,
    Proof,
    Schedule,
)
from checklist.models.rounds import Round, Tick

__all__ = [
    "Assignee",
    "ItemLimit",
    "Procedure",
    "ProcedureItem",
    "Proof",
    "Round",
    "Schedule",
    "Tick",
]
