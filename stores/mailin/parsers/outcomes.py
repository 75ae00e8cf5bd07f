"""What became of an appeal or of a correction."""

from typing import Literal, TypeVar

from stores.mailin.parsers import shops
from stores.mailin.parsers.findings import AppealFinding, CorrectionFinding, Doubt, Why
from stores.mailin.parsers.reading import Reading

Outcome = TypeVar("Outcome", bound=str)


def read(reading: Reading) -> AppealFinding | CorrectionFinding | None:
    """Return the outcome that is told, None where there is none.

    Raises:
        Doubt: if two are told, or it is not clear which, or of which violation.
    """
    appeal: Literal["granted", "refused"] | None = _decided(reading, "appeal", "granted", "refused")
    correction: Literal["accepted", "rejected"] | None = _decided(
        reading, "correction", "accepted", "rejected"
    )
    if appeal and correction:
        raise Doubt(Why.CONTRADICTORY, "outcome")
    if appeal:
        if reading.hits("violation.pending", unless="hypothetical"):
            raise Doubt(Why.CONTRADICTORY, "outcome", "appeal_result")
        kind = "appeal_result"
    elif correction:
        kind = "correction_result"
    else:
        return None
    reference = reading.reference()
    if reference is None:
        raise Doubt(Why.REFERENCE_MISSING, kind=kind)
    decided_at = reading.when("decided_at")
    restored = reading.one(
        "points.restored",
        reading.points_of(reading.hits("points.restored", unless="hypothetical")),
    )
    store, told = shops.hint(reading), reading.told()
    if appeal:
        return AppealFinding(reference, appeal, decided_at, restored, store, told)
    assert correction is not None
    return CorrectionFinding(reference, correction, decided_at, restored, store, told)


def _decided(reading: Reading, what: str, good: Outcome, bad: Outcome) -> Outcome | None:
    kind = f"{what}_result"
    refused = reading.hits(f"{what}.{bad}", unless="conditional")
    taken = [hit.match.span() for hit in refused]
    granted = reading.hits(f"{what}.{good}", unless="conditional", outside=taken)
    if reading.hits(f"{what}.partly", unless="conditional"):
        raise Doubt(Why.OUTCOME_UNCLEAR, "partly", kind)
    if refused and granted:
        raise Doubt(Why.CONTRADICTORY, "outcome", kind)
    if not refused and not granted:
        if reading.hits(f"{what}.waiting", unless="conditional"):
            raise Doubt(Why.OTHER_KIND, f"{what}_waiting")
        return None
    return good if granted else bad
