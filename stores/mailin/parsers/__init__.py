"""What a notice says, or the word that a person must read it.

Nothing here guesses. Two numbers where there should be one, a date that could be two days, a
number that no pattern explains: each sends the notice to triage with its reason. There is a module
for each kind of finding; which words tell of what is in ``languages``.
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from stores.mailin import patterns
from stores.mailin.envelope import Mail, Problem
from stores.mailin.parsers import (
    accounts,
    digests,
    milestones,
    outcomes,
    ratings,
    shops,
    violations,
)
from stores.mailin.parsers.findings import (
    MAX_READ,
    OTHER_RULE,
    AppealFinding,
    BalanceFinding,
    CorrectionFinding,
    CountFinding,
    Doubt,
    EnforcementHint,
    Finding,
    InactivityFinding,
    MilestoneFinding,
    NewsFinding,
    RatingFinding,
    ShopsNamed,
    StoreHint,
    Told,
    Triage,
    ViolationFinding,
    Why,
)
from stores.mailin.parsers.numbers import whole_number
from stores.mailin.parsers.reading import Reading, once
from stores.mailin.parsers.shops import begins_with_name
from stores.mailin.parsers.violations import rule_code

__all__ = [
    "OTHER_RULE",
    "AppealFinding",
    "BalanceFinding",
    "CorrectionFinding",
    "CountFinding",
    "EnforcementHint",
    "Finding",
    "InactivityFinding",
    "MilestoneFinding",
    "NewsFinding",
    "RatingFinding",
    "ShopsNamed",
    "StoreHint",
    "Told",
    "Triage",
    "ViolationFinding",
    "Why",
    "begins_with_name",
    "enforcement_told",
    "parse",
    "rule_code",
    "shops_named",
    "whole_number",
]


def parse(
    mail: Mail, *, zone: tzinfo, received_at: datetime, day_first: bool | None = None
) -> list[Finding]:
    """Return what ``mail`` says, or a single Triage; the list is never empty.

    ``mail`` is one notice: of a forwarded mail give its ``notices`` one by one, not what a person
    wrote above them. Times without a zone are taken in the store's ``zone`` and named among the
    problems; ``day_first`` decides 03/04/2026 where the store's market does.
    """
    if damaged := {Problem.TRUNCATED, Problem.UNREADABLE, Problem.LETTERS_LOST} & set(
        mail.problems
    ):
        return [Triage(Why.DAMAGED, min(damaged))]
    if len(mail.text) > MAX_READ or len(mail.html_text) > MAX_READ:
        return [Triage(Why.TOO_LONG)]

    def reading_of(text: str) -> Reading:
        return Reading(mail, text, zone=zone, received_at=received_at, day_first=day_first)

    def read(text: str) -> list[Finding]:
        reading = reading_of(digests.with_labels(text))
        for cut in digests.pieces(reading):
            if found := _of_pieces(cut, reading_of):
                return found
        return _all_of(reading)

    found = read(mail.text)
    if not mail.html_text:
        return found
    return _agreed(found, read(mail.html_text))


def _all_of(reading: Reading) -> list[Finding]:
    try:
        return _findings(reading)
    except Doubt as doubt:
        kind = doubt.kind or _announced_kind(reading)
        return [Triage(doubt.reason, doubt.about, kind)]


def _of_pieces(cut: list[tuple[str, str]], reading_of: Callable[[str], Reading]) -> list[Finding]:
    """Return what the pieces of a mail say, nothing unless each says one thing whole."""
    found: list[Finding] = []
    for reference, text in cut:
        first, *others = _all_of(reading_of(text))
        match first:
            case ViolationFinding(points=None, points_range=None):
                return []
            case ViolationFinding() | AppealFinding() | CorrectionFinding():
                if first.reference != reference:
                    return []
            case _:
                return []
        found += [first, *(one for one in others if one not in found)]
    ratings_told = {(one.measure, one.value) for one in found if isinstance(one, RatingFinding)}
    measures = [measure for measure, _value in ratings_told]
    return found if len(measures) == len(set(measures)) else []


def shops_named(mail: Mail, *, received_at: datetime) -> ShopsNamed:
    """Return the shops that ``mail`` names in either of its parts, whatever else it says."""
    if len(mail.text) > MAX_READ or len(mail.html_text) > MAX_READ:
        return ShopsNamed()
    texts = [text for text in (mail.text, mail.html_text) if text] or [""]
    found = [
        shops.named_in(Reading(mail, text, zone=UTC, received_at=received_at, day_first=None))
        for text in texts
    ]
    return ShopsNamed(
        names=once(name for one in found for name in one.names),
        codes=once(code for one in found for code in one.codes),
        spoken_of=once(words for one in found for words in one.spoken_of),
    )


def enforcement_told(mail: Mail, *, zone: tzinfo, received_at: datetime) -> EnforcementHint:
    """Return what can be read of an enforcement in ``mail``, for a person to look over."""
    text = (mail.text or mail.html_text)[:MAX_READ]
    reading = Reading(mail, text, zone=zone, received_at=received_at, day_first=None)
    return milestones.hint(reading)


# -- which kind -------------------------------------------------------------------------------

_OF_THE_ACCOUNT = frozenset({"milestone", "inactivity", "negative_balance"})
_FOR_A_PERSON = frozenset({"other"})  # a quiz


def _findings(reading: Reading) -> list[Finding]:
    if reading.any("hearsay"):
        raise Doubt(Why.UNRECOGNISED)  # people write so, no marketplace does
    outcome = outcomes.read(reading)
    if outcome is not None:
        return [outcome, *ratings.read(reading)]
    announced = _announced(reading)
    if "news" in announced and len(announced) > 1:
        raise Doubt(Why.OTHER_KIND, "news")
    if announced & _FOR_A_PERSON:
        raise Doubt(Why.OTHER_KIND, max(announced & _FOR_A_PERSON))
    if "warning" in announced or (announced == {"milestone"} and _comes_near(reading)):
        return _ahead(reading)
    happened = announced & _OF_THE_ACCOUNT or _told(reading)
    if len(happened) > 1:
        raise Doubt(Why.CONTRADICTORY, "kind")
    if happened:
        return _of_the_account(reading, happened.pop(), announced)
    if "news" in announced:
        return [_news(reading)]
    if "health_report" in announced:
        return _health(reading)
    return _violation_or_rating(reading)


def _announced(reading: Reading) -> set[str]:
    """Return the kinds of notice that the subject announces."""
    return {
        field.partition(".")[2]
        for field in patterns.fields_under("subjects")
        if reading.any(field, text=reading.subject)
    }


def _announced_kind(reading: Reading) -> str:
    kinds = _announced(reading)
    return kinds.pop() if len(kinds) == 1 else ""


def _told(reading: Reading) -> set[str]:
    """Return what the words say has happened to the account, whatever the subject is."""
    return {kind for kind in _OF_THE_ACCOUNT if reading.happened(f"stated.{kind}")}


def _of_the_account(reading: Reading, kind: str, announced: set[str]) -> list[Finding]:
    is_announced = announced & _OF_THE_ACCOUNT == {kind}
    names_violation = (
        not is_announced and reading.any("violation.signals") and reading.reference() is not None
    )
    if kind == "milestone":
        found: list[Finding] = []
        if names_violation:
            # A notice of a violation that also tells of the milestone it led to.
            found += [violation] if (violation := violations.read(reading)) else []
            reading.problems = []
        found.append(milestones.read(reading))
        reading.problems = []
        return [*found, *ratings.read(reading)]
    if names_violation:
        raise Doubt(Why.CONTRADICTORY, "kind")
    if kind == "inactivity":
        return [accounts.inactivity(reading)]
    return [accounts.balance(reading)]


def _comes_near(reading: Reading) -> bool:
    return bool(reading.happened("stated.warning")) and not reading.happened("stated.milestone")


def _ahead(reading: Reading) -> list[Finding]:
    """Return the milestone that comes near and the rating; one of the two is said in figures."""
    found = milestones.ahead(reading)
    reading.problems = []
    seen = ratings.read(reading)
    if found.value is None and not seen:
        raise Doubt(Why.OTHER_KIND, "warning")
    return [found, *seen]


def _news(reading: Reading) -> NewsFinding:
    """Return word to everybody; what speaks of this store's own points is none."""
    own = ("points.taken", "rating.now", "violation.reference")
    if any(reading.happened(field) for field in own):
        raise Doubt(Why.OTHER_KIND, "news")
    return NewsFinding(reading.mail.subject)


def _health(reading: Reading) -> list[Finding]:
    if reading.happened("violation.reference") and reading.happened("points.taken"):
        raise Doubt(Why.CONTRADICTORY, "kind")
    found: list[Finding] = [*ratings.read(reading)]
    if not found:
        raise Doubt(Why.OTHER_KIND, "health_report")
    return [*found, *ratings.counts(reading)]


def _violation_or_rating(reading: Reading) -> list[Finding]:
    names_one = bool(reading.hits("violation.reference"))
    tells_of_one = reading.hits("violation.status_label") or reading.hits("points.taken")
    is_about_one = reading.any("violation.signals") or bool(names_one and tells_of_one)
    violation = violations.read(reading) if is_about_one else None
    seen = ratings.read(reading, violation)
    if violation is None and not seen:
        if is_about_one and reading.any("violation.enforced", "violation.pending"):
            raise Doubt(Why.STATE_UNCLEAR)
        raise Doubt(Why.UNRECOGNISED)
    if violation is None:
        return [*seen, *ratings.counts(reading)]
    return [violation, *seen]


# -- plain and HTML ---------------------------------------------------------------------------


def _agreed(in_plain: list[Finding], in_html: list[Finding]) -> list[Finding]:
    """Take the plain part's word unless the HTML, which people see, says something else."""
    for one, other in ((in_html, in_plain), (in_plain, in_html)):
        if isinstance(one[0], Triage) and one[0].reason == Why.UNRECOGNISED:
            return other
    for readings in (in_plain, in_html):
        if isinstance(readings[0], Triage):
            return readings
    if list(map(_essence, in_plain)) != list(map(_essence, in_html)):
        return [Triage(Why.PARTS_DIFFER)]
    return in_plain


def _essence(finding: Finding) -> tuple[object, ...]:  # noqa: PLR0911 - a table by class
    match finding:
        case ViolationFinding():
            return (
                finding.reference, finding.state, finding.points, finding.points_range,
                finding.appeal_by, finding.correct_by, finding.enforced_at,
            )  # fmt: skip
        case RatingFinding():
            return (finding.measure, finding.value)
        case CountFinding():
            return (finding.what, finding.value)
        case AppealFinding() | CorrectionFinding():
            return (finding.reference, finding.outcome, finding.points_restored)
        case MilestoneFinding():
            return (finding.enforcements, finding.value)
        case InactivityFinding():
            return (finding.days,)
        case BalanceFinding():
            return (finding.amount, finding.currency)
        case NewsFinding():
            return ("news",)
        case Triage():
            return (finding,)
