"""What people taught by classifying notices, and what of it a new notice of the like says."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction

from stores import moments
from stores.mailin.envelope import Mail
from stores.mailin.parsers import (
    AppealFinding,
    BalanceFinding,
    CorrectionFinding,
    Finding,
    InactivityFinding,
    MilestoneFinding,
    NewsFinding,
    RatingFinding,
    StoreHint,
    Told,
    ViolationFinding,
    rule_code,
    whole_number,
)
from stores.mailin.parsers.numbers import amount
from stores.mailin.wording import Slot, Wording, wording_of
from stores.models import Connection, Notice, Store, TaughtForm
from tenants.models import Membership
from tenants.trail import services as trail

Facts = Mapping[str, Any]

_MINUTE: Final = timedelta(minutes=1)
# What a notice need not date: when it was sent says it.
_DATED_BY_MAIL: Final = frozenset(
    {"reported_at", "enforced_at", "decided_at", "starts_at", "measured_at"}
)
_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    Notice.Kind.VIOLATION: frozenset({"state", "rule"}),
    Notice.Kind.WARNING: frozenset({"state", "rule"}),
    Notice.Kind.MILESTONE: frozenset({"kinds"}),
    Notice.Kind.INACTIVITY: frozenset({"days"}),
    Notice.Kind.NEGATIVE_BALANCE: frozenset({"amount"}),
    Notice.Kind.HEALTH_REPORT: frozenset({"value", "measure"}),
    Notice.Kind.APPEAL_RESULT: frozenset({"reference", "outcome"}),
    Notice.Kind.CORRECTION_RESULT: frozenset({"reference", "outcome"}),
}
_BY_WORDING: Final = frozenset({"state", "kinds", "outcome", "measure"})


@dataclass(frozen=True, slots=True)
class Recognised:
    """A notice of a taught wording; ``findings`` is None where not all stands beyond doubt."""

    form: TaughtForm
    findings: list[Finding] | None


@transaction.atomic
def learn(
    *, notice: Notice, text: str, kind: str, facts: Facts, store: Store | None,
    by: Membership, at: datetime,
) -> TaughtForm | None:  # fmt: skip
    """Remember that notices of this wording are of ``kind``, and where in them ``facts`` stand.

    Nothing is learnt from what is not believed, or did not come by mail.
    """
    facts = {name: value for name, value in facts.items() if value not in (None, "")}
    domain = notice.sender.rpartition("@")[2].lower()
    if notice.trust == Notice.Trust.SUSPICIOUS or notice.channel != "mail" or not domain:
        return None
    wording = wording_of(notice.subject, text, names=names_of(store))
    told_at = notice.sent_at or notice.received_at
    zone = ZoneInfo(store.time_zone) if store else ZoneInfo("UTC")
    fills: dict[str, Any] = {}
    constants: dict[str, Any] = {}
    missing: list[str] = []
    for name, value in facts.items():
        if name in _BY_WORDING or (name == "rule" and value == "other"):
            constants[name] = value
        elif name in _DATED_BY_MAIL and abs(value - told_at) < _MINUTE:
            continue
        elif found := _located(wording, name, value, zone):
            fills[name] = found
        elif name != "subject":
            missing.append(name)
    used = {number for found in fills.values() for number in found["slots"]}
    fixed = {
        str(number): _digest(slot.text)
        for number, slot in enumerate(wording.slots)
        if slot.kind in {"words", "quoted"} and number not in used
    }
    _forget(TaughtForm.objects.filter(sender_domain=domain, digest=wording.digest), by, at)
    form = TaughtForm.objects.create(
        sender_domain=domain,
        digest=wording.digest,
        kind=kind,
        example=notice.subject,
        fills=fills,
        constants=constants,
        missing=missing,
        fixed=fixed,
        notice=notice,
        taught_at=at,
        taught_by=by,
    )
    trail.record(
        action="notice.taught",
        by=by,
        subject=notice,
        at=at,
        store_id=notice.store_id,
        changes={"kind": kind},
    )
    return form


@transaction.atomic
def forget(*, form: TaughtForm, by: Membership, at: datetime) -> None:
    """Recognise notices of this wording no more; what they wrote stands."""
    if _forget(TaughtForm.objects.filter(pk=form.pk), by, at) and form.notice is not None:
        trail.record(
            action="notice.forgotten",
            by=by,
            subject=form.notice,
            at=at,
            store_id=form.notice.store_id,
            changes={"kind": form.kind},
        )


def recognise(mail: Mail, store: Store | None, *, received_at: datetime) -> Recognised | None:
    """Return what a person taught of this wording, with what of it stands in ``mail``."""
    names = names_of(store)
    wording = wording_of(mail.subject, mail.text, names=names)
    form = TaughtForm.objects.filter(
        sender_domain=mail.from_domain.lower(), digest=wording.digest, forgotten_at=None
    ).first()
    if form is None:
        return None
    if form.kind in {Notice.Kind.NEWS, Notice.Kind.OTHER}:
        return Recognised(form, [NewsFinding(mail.subject)])
    told_at = mail.sent_at if mail.sent_at and mail.sent_at <= received_at else received_at
    zone = ZoneInfo(store.time_zone) if store else ZoneInfo("UTC")
    facts = _facts(form, wording, zone)
    if mail.html_text and facts is not None:
        in_html = wording_of(mail.subject, mail.html_text, names=names)
        same = in_html.digest == wording.digest and _facts(form, in_html, zone) == facts
        facts = facts if same else None
    if facts is None:
        return Recognised(form, None)
    return Recognised(form, _findings(form.kind, facts, told_at))


def names_of(store: Store | None) -> list[str]:
    """Return what a store is called, so that its name is no part of a wording."""
    if store is None:
        return []
    connection = Connection.objects.filter(store=store).first()
    return [store.name, connection.shop_name if connection else ""]


def _forget(forms: Any, by: Membership, at: datetime) -> int:
    count: int = forms.filter(forgotten_at=None).update(forgotten_at=at, forgotten_by=by)
    return count


# -- where a fact stands ----------------------------------------------------------------------


def _located(wording: Wording, name: str, value: Any, zone: ZoneInfo) -> dict[str, Any] | None:
    """Return the slots in which ``value`` stands and how it is read there, None for nowhere."""
    found: dict[str, list[int]] = {}
    for number, slot in enumerate(wording.slots):
        for way in _ways(name, value):
            if _read(slot, way, zone) == (
                abs(value) if isinstance(value, int | Decimal) else value
            ):
                found.setdefault(way, []).append(number)
                break
    if len(found) != 1:
        return None
    ((way, slots),) = found.items()
    return {"slots": slots, "as": way, "label": wording.slots[slots[0]].label}


def _ways(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, datetime):
        return ("moment", "end_of_day")
    if name == "rule":
        return ("rule",)
    if isinstance(value, Decimal):
        return ("amount",)
    return ("number",) if isinstance(value, int) else ("text",)


def _read(slot: Slot, way: str, zone: ZoneInfo) -> Any:  # noqa: PLR0911 - a table of ways
    match way:
        case "moment" | "end_of_day" if slot.kind == "date":
            try:
                moment = moments.read_moment(slot.text, zone=zone)
            except moments.MomentUnreadable:
                return None
            if moment.has_time:
                return moment.at if way == "moment" else None
            return moment.at if way == "moment" else moment.day_ends_at
        case "number" if slot.kind in {"number", "ref"}:
            count = whole_number(slot.text)
            return None if count is None else abs(count)
        case "amount" if slot.kind == "number":
            return amount(slot.text.lstrip("+-"), has_cents=True)
        case "rule" if slot.kind in {"words", "quoted"}:
            return rule_code(slot.text) or None
        case "text" if slot.kind != "date":
            return slot.text.strip('"“”「」《》')
    return None


def _facts(form: TaughtForm, wording: Wording, zone: ZoneInfo) -> dict[str, Any] | None:
    """Return what the form says of a notice, None where anything of it is in doubt."""
    slots = wording.slots
    if form.missing or any(
        int(number) >= len(slots) or _digest(slots[int(number)].text) != digest
        for number, digest in form.fixed.items()
    ):
        return None
    facts = dict(form.constants)
    for name, fill in form.fills.items():
        values = [
            _read(slots[number], fill["as"], zone) if number < len(slots) else None
            for number in fill["slots"]
        ]
        if None in values or len(set(values)) != 1:
            return None
        facts[name] = values[0]
    return facts if _NEEDED[form.kind] <= facts.keys() else None


def _digest(text: str) -> str:
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()[:16]


# -- what it says -----------------------------------------------------------------------------


def _findings(  # noqa: PLR0911 - a table by kind
    kind: str, facts: dict[str, Any], told_at: datetime
) -> list[Finding]:
    store = StoreHint()
    match kind:
        case Notice.Kind.VIOLATION | Notice.Kind.WARNING:
            return [_violation(facts, told_at)]
        case Notice.Kind.MILESTONE:
            starts_at = facts.get("starts_at", told_at)
            told = tuple(Told(one, starts_at, facts.get("ends_at")) for one in facts["kinds"])
            return [MilestoneFinding(told, None, facts.get("reference", ""), store)]
        case Notice.Kind.INACTIVITY:
            return [InactivityFinding(facts["days"], told_at, store)]
        case Notice.Kind.NEGATIVE_BALANCE:
            return [BalanceFinding(-facts["amount"], "", told_at, store)]
        case Notice.Kind.HEALTH_REPORT:
            return [RatingFinding(facts["value"], facts["measure"], told_at, store)]
        case Notice.Kind.APPEAL_RESULT:
            decided_at = facts.get("decided_at", told_at)
            return [AppealFinding(facts["reference"], facts["outcome"], decided_at, None, store)]
        case _:
            decided_at = facts.get("decided_at", told_at)
            return [
                CorrectionFinding(facts["reference"], facts["outcome"], decided_at, None, store)
            ]


def _violation(facts: dict[str, Any], told_at: datetime) -> ViolationFinding:
    problems = () if "reported_at" in facts else ("taken_from_mail:reported_at",)
    return ViolationFinding(
        reference=facts.get("reference"),
        rule_text="",
        rule=facts["rule"],
        subject=facts.get("subject", ""),
        points=-facts["points"] if "points" in facts else None,
        points_range=None,
        state=facts["state"],
        reported_at=facts.get("reported_at", told_at),
        enforced_at=facts.get("enforced_at"),
        correct_by=facts.get("correct_by"),
        appeal_by=facts.get("appeal_by"),
        expires_at=facts.get("expires_at"),
        store=StoreHint(),
        problems=problems,
    )
