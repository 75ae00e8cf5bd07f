"""Judge what the parsers read in a mail of the corpus against what a person reads there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

from stores import markets
from stores.mailin import parsers
from stores.mailin.envelope import read_mail
from stores.mailin.parsers import (
    AppealFinding,
    BalanceFinding,
    CorrectionFinding,
    Finding,
    InactivityFinding,
    MilestoneFinding,
    NewsFinding,
    RatingFinding,
    Triage,
    ViolationFinding,
)
from tests.corpus import pack_mails

EXPECTED: Final[dict[str, dict[str, Any]]] = yaml.safe_load(pack_mails.EXPECTED.read_text())
# What a reading may not lack where the mail has it; the rest may be left to be asked for.
_NEEDED: Final = {"reference", "points", "state", "rating", "measure", "outcome", "restrictions"}
_MOMENTS: Final = {
    *("reported_at", "enforced_at", "correct_by", "appeal_by", "expires_at"),
    *("starts_at", "ends_at"),
}


class Verdict(StrEnum):
    """READ: rightly, by itself. ASKED: a person is asked. WRONG: something that is not so."""

    READ = "read"
    ASKED = "asked"
    WRONG = "wrong"


@dataclass(frozen=True)
class Judged:
    """One mail judged; ``why`` names what is wrong, or what stopped the reader."""

    name: str
    verdict: Verdict
    why: str = ""


def judge(name: str) -> Judged:
    """Read the mail called ``name`` as mail in does, and compare it with its expectation."""
    said = EXPECTED[name]
    zone = ZoneInfo(markets.ZONES[said["market"]])
    mail = read_mail((pack_mails.MAILS / name).read_bytes())
    received_at = mail.sent_at or datetime.now(zone)
    found = [
        finding
        for notice in mail.notices
        for finding in parsers.parse(notice, zone=zone, received_at=received_at)
    ]
    asked = [f"{one.reason}:{one.about}" for one in found if isinstance(one, Triage)]
    if asked:
        return Judged(name, Verdict.ASKED, ", ".join(asked))
    if not said["act"]:
        return Judged(name, Verdict.WRONG, f"acts on what nobody may act on: {found}")
    return _compared(name, said["notices"], [told(one) for one in found], zone)


def told(finding: Finding) -> dict[str, Any]:
    """Return a finding in the words of ``expected.yaml``; what it does not say is left out."""
    facts = dict(_facts(finding))
    return {field: value for field, value in facts.items() if value not in (None, "", ())}


def _facts(finding: Finding) -> Iterator[tuple[str, Any]]:
    match finding:
        case ViolationFinding():
            yield from _violation(finding)
        case AppealFinding() | CorrectionFinding():
            yield from _outcome(finding)
        case MilestoneFinding():
            yield from _milestone(finding)
        case InactivityFinding():
            yield from (("kind", "inactivity"), ("measure", ("days_inactive", finding.days)))
        case BalanceFinding():
            yield from (("kind", "negative_balance"), ("measure", ("balance", finding.amount)))
            yield "currency", finding.currency
        case NewsFinding():
            yield from (("kind", "news"), ("title", finding.title))
        case RatingFinding(measure="rating"):
            yield from (("kind", "health_report"), ("rating", finding.value))


def _violation(finding: ViolationFinding) -> Iterator[tuple[str, Any]]:
    yield "kind", "warning" if finding.points == 0 else "violation"
    yield "points", None if finding.points is None else -finding.points
    told = {"reference", "points_range", "state", *_MOMENTS} - _guessed(finding.problems)
    for field in told:
        yield field, getattr(finding, field, None)


def _outcome(finding: AppealFinding | CorrectionFinding) -> Iterator[tuple[str, Any]]:
    is_appeal = isinstance(finding, AppealFinding)
    yield "kind", "appeal_result" if is_appeal else "correction_result"
    yield "reference", finding.reference
    yield "outcome", finding.outcome
    yield "points", finding.points_restored


def _milestone(finding: MilestoneFinding) -> Iterator[tuple[str, Any]]:
    yield "kind", "milestone"
    yield "restrictions", {one.kind for one in finding.enforcements}
    yield "milestone", None if finding.value is None else str(finding.value)
    yield "reference", finding.reference
    for one in finding.enforcements[:1]:
        yield "starts_at", one.starts_at
        yield "ends_at", one.ends_at


def _guessed(problems: tuple[str, ...]) -> set[str]:
    return {field for _code, _colon, field in (one.partition(":") for one in problems) if field}


def _compared(
    name: str, notices: list[dict[str, Any]], found: list[dict[str, Any]], zone: ZoneInfo
) -> Judged:
    wrong, lacking = [], []
    left = [one for one in found if one.get("kind")]
    for notice in notices:
        match = next((one for one in left if _kind(one) == _kind(notice)), None)
        if match is None:
            lacking.append(notice["kind"])
            continue
        left.remove(match)
        for field, value in notice.items():
            if field in match and not _agrees(field, value, match, zone):
                wrong.append(f"{field}: {match[field]} for {value}")
            elif field not in match and _is_needed(field, notice) and value not in (None, []):
                lacking.append(field)
        wrong += [
            f"{field} made up" for field in ("reference", "points") if _extra(field, match, notice)
        ]
    # A rating beside a violation, as many notices show it, is told with it.
    ratings = {str(notice.get("rating")) for notice in notices}
    for one in left:
        is_told = one["kind"] == "health_report" and str(one["rating"]) in ratings
        if not is_told:
            wrong.append(f"{one['kind']} that is not there: {one}")
    if wrong:
        return Judged(name, Verdict.WRONG, "; ".join(wrong))
    if lacking:
        return Judged(name, Verdict.ASKED, f"lacks {', '.join(lacking)}")
    return Judged(name, Verdict.READ)


def _is_needed(field: str, notice: Mapping[str, Any]) -> bool:
    """What an appeal gives back follows from the violation, so its number may go unread."""
    return field in _NEEDED and not (field == "points" and "outcome" in notice)


def _kind(facts: Mapping[str, Any]) -> str:
    """Both are breaches: whether one costs points stands in the points."""
    return "violation" if facts["kind"] == "warning" else str(facts["kind"])


def _extra(field: str, found: Mapping[str, Any], notice: Mapping[str, Any]) -> bool:
    return field in found and field not in notice and found[field] not in (0, None)


def _agrees(field: str, value: Any, found: Mapping[str, Any], zone: ZoneInfo) -> bool:
    own = found[field]
    if field in _MOMENTS:
        return _same_moment(value, own, zone)
    if field == "measure":
        return _same_measure(value, own, found.get("currency", ""))
    if field in {"points_range", "restrictions"}:
        return sorted(own) == sorted(value)
    if field == "title":
        return value in own
    return str(own) == str(value) or (field == "kind" and _kind(found) == _kind({"kind": value}))


def _same_measure(value: Mapping[str, str], own: tuple[str, Decimal], currency: str) -> bool:
    said = (value["name"], Decimal(value["value"]))
    return own == said and currency in {"", "$", value.get("currency", "")}


def _same_moment(value: str, own: datetime, zone: ZoneInfo) -> bool:
    """A bare day is met by any hour of it, and by the midnight at which it ends."""
    if "T" in value:
        return own == datetime.fromisoformat(value)
    local = own.astimezone(zone)
    return date.fromisoformat(value) in {local.date(), (local - timedelta(seconds=1)).date()}
