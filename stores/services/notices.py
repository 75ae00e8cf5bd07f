"""What becomes of a notice: kept, and acted on as far as it can be believed and read."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from stores import signals
from stores.mailin import parsers, topics
from stores.mailin.envelope import Mail
from stores.mailin.parsers import (
    AppealFinding,
    EnforcementHint,
    Finding,
    RatingFinding,
    Triage,
    ViolationFinding,
)
from stores.mailin.trust import Trust
from stores.models import Enforcement, Notice, Store, Violation
from stores.selectors import notices as selectors
from stores.services import violations
from tenants import sealing
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

_TABLE: Final = "stores_notice"
_SOURCE: Final = "mail"
_VIA: Final = "task"
ENFORCEMENT_RECORDED: Final = "enforcement_recorded"
_KINDS: Final = {
    ViolationFinding: Notice.Kind.VIOLATION,
    RatingFinding: Notice.Kind.HEALTH_REPORT,
    AppealFinding: Notice.Kind.APPEAL_RESULT,
}
_MOMENTS: Final = frozenset({"reported_at", "enforced_at", "correct_by", "appeal_by", "expires_at"})
_GUESSED: Final = frozenset({"taken_from_mail", "taken_from_arrival", "time_not_stated"})


class NoticeSettled(DomainError):
    code: ClassVar[str] = "notice_settled"


class _Doubt(DomainError):
    """Why a notice that could be read is still left to a person; ``str`` is a code of words."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail as it came in: its bytes, to whose address, and when."""

    raw: bytes
    digest: str
    store_id: UUID | None
    received_at: datetime


@transaction.atomic
def take_mail(*, incoming: Incoming, judged: Trust, at: datetime) -> list[Notice]:
    """Keep the notices of a mail and act on those that are believed and understood.

    A proven or unverified notice of which no reading is in doubt is acted on; all others wait for
    a person. The same mail again, by whichever address, is one.
    """
    kept = []
    for number, mail in enumerate(judged.notices):
        notice = _take(incoming, judged, mail, number, at=at)
        if notice is not None:
            kept.append(notice)
    return kept


def _take(
    incoming: Incoming, judged: Trust, mail: Mail, number: int, *, at: datetime
) -> Notice | None:
    store, doubt = _store_of(mail, incoming)
    findings = _read(mail, store, incoming.received_at)
    digest = f"{digest_of_mail(incoming.digest)}{number:04x}"
    if Notice.objects.filter(digest=digest, store=store).exists():
        return None
    notice = Notice(
        store=store,
        channel=_SOURCE,
        kind=_kind_of(findings),
        trust=judged.level,
        trust_reasons=list(judged.reasons),
        state=Notice.State.TRIAGE,
        sender=mail.from_address[:200],
        subject=mail.subject[:300],
        digest=digest,
        topic=_topic_of(mail, store, incoming.received_at),
        sent_at=mail.sent_at,
        received_at=incoming.received_at,
    )
    notice.text = _seal(notice, "text", mail.text)
    original = mail.raw or incoming.raw
    notice.original = _seal(notice, "original", base64.b64encode(original).decode())
    notice.save(force_insert=True)
    first = findings[0]
    if not judged.acts:
        notice.reason = judged.reasons[0] if judged.reasons else "unrecognised"
    elif doubt:
        notice.reason = doubt
    elif isinstance(first, Triage):
        notice.reason = f"{first.reason}:{first.about}" if first.about else str(first.reason)
    elif store is None:
        notice.reason = "store_unclear"
    else:
        _act(notice, store, findings, at=at)
    notice.save(update_fields=["state", "reason", "did"])
    trail.record(
        action=f"notice.{'acted' if notice.state == Notice.State.ACTED else 'received'}",
        by=None,
        subject=notice,
        at=at,
        store_id=store.pk if store else None,
        changes={"trust": notice.trust},
        via=_VIA,
    )
    return notice


def _topic_of(mail: Mail, store: Store | None, received_at: datetime) -> str:
    named = parsers.shops_named(mail, received_at=received_at)
    own = (store.name, store.external_id) if store else ()
    return topics.topic_of(
        mail.subject, mail.text or mail.html_text, names=[*named.names, *named.codes, *own]
    )


def digest_of_mail(digest: str) -> str:
    """Return what the digests of all notices of a mail begin with."""
    return digest[:60]


# -- reading ----------------------------------------------------------------------------------


def _store_of(mail: Mail, incoming: Incoming) -> tuple[Store | None, str]:
    """Return the store that a notice is about, and why it is in doubt, as a code of words."""
    named = parsers.shops_named(mail, received_at=incoming.received_at)
    live = Store.objects.exclude(state=Store.State.ARCHIVED)
    meant = selectors.stores_meant(
        f"{mail.subject}\n{mail.text}\n{mail.html_text}", names=named.names, codes=named.codes
    )
    pk = incoming.store_id or meant.only
    store = live.filter(pk=pk).first() if pk else None
    if store is None:
        return None, ""
    is_another = selectors.is_of_another(store, named, title=mail.subject)
    if incoming.store_id is None:
        return None if is_another else store, ""
    is_another = is_another or meant.speaks_of_another(store.pk)
    return store, "other_store" if is_another else ""


def _read(mail: Mail, store: Store | None, received_at: datetime) -> list[Finding]:
    zone: tzinfo = ZoneInfo(store.time_zone) if store else UTC
    return parsers.parse(mail, zone=zone, received_at=received_at)


def _kind_of(findings: Sequence[Finding]) -> str:
    """Return what kind of notice says ``findings``; "" where it could not be read."""
    first = findings[0]
    if not isinstance(first, Triage):
        kind = _KINDS[type(first)]
        is_warning = isinstance(first, ViolationFinding) and first.points == 0
        return Notice.Kind.WARNING if is_warning else kind
    if first.reason != parsers.Why.OTHER_KIND:
        return ""
    return first.about if first.about in Notice.Kind.values else Notice.Kind.OTHER


def violation_told(notice: Notice, store: Store) -> ViolationFinding | None:
    """Return the violation that a notice tells of, read with the store's zone, if it does."""
    findings = _read(_kept_mail(notice), store, notice.received_at)
    return next((one for one in findings if isinstance(one, ViolationFinding)), None)


def enforcement_told(notice: Notice, store: Store) -> EnforcementHint:
    """Return what a notice tells of an enforcement, as far as it can be read."""
    zone = ZoneInfo(store.time_zone)
    return parsers.enforcement_told(_kept_mail(notice), zone=zone, received_at=notice.received_at)


def _kept_mail(notice: Notice) -> Mail:
    return Mail(
        digest=notice.digest,
        subject=notice.subject,
        text=text_of(notice),
        sent_at=notice.sent_at,
        from_address=notice.sender,
    )


# -- acting -----------------------------------------------------------------------------------


def _act(notice: Notice, store: Store, findings: Sequence[Finding], *, at: datetime) -> None:
    """Do what ``findings`` say, all of it or nothing; in doubt the notice waits with its reason."""
    try:
        with transaction.atomic():
            said_at = _said_at(notice, findings, at)
            did = [_do(notice, store, finding, said_at=said_at, at=at) for finding in findings]
    except _Doubt as doubt:
        notice.reason = str(doubt)
    except DomainError:
        notice.reason = "refused"
    else:
        notice.state, notice.did = Notice.State.ACTED, did


def _said_at(notice: Notice, findings: Iterable[Finding], at: datetime) -> datetime:
    """Return when what a notice tells was so: no later than the rating that it shows with it."""
    shown = [one.observed_at for one in findings if isinstance(one, RatingFinding)]
    return min(notice.sent_at or notice.received_at, at, *shown)


def _do(
    notice: Notice, store: Store, finding: Finding, *, said_at: datetime, at: datetime
) -> dict[str, Any]:
    match finding:
        case ViolationFinding():
            return _keep_violation(notice, store, finding, said_at=said_at, at=at)
        case RatingFinding():
            signals.platform_rating_seen.send(
                sender=Notice,
                store=store,
                value=finding.value,
                measure=finding.measure,
                observed_at=min(finding.observed_at, at),
                source=_SOURCE,
                at=at,
                by=None,
                notice=notice,
            )
            return {"did": "rating_seen", "value": finding.value, "measure": finding.measure}
        case AppealFinding():
            return _tell_outcome(notice, store, finding, at=at)
        case Triage():
            raise _Doubt(finding.reason)


def _keep_violation(
    notice: Notice, store: Store, finding: ViolationFinding, *, said_at: datetime, at: datetime
) -> dict[str, Any]:
    known = _known(store, finding)
    facts = facts_of(finding)
    before: dict[str, Any] = {}
    if known is not None:
        facts = _news_in(facts, finding, known, notice.sent_at or notice.received_at)
        before = {
            name: _as_json(getattr(known, name))
            for name in facts
            if name != "reference" and getattr(known, name) != facts[name]
        }
    kept = violations.record_violation(
        store=store,
        facts=facts,
        source=_SOURCE,
        at=at,
        by=None,
        notice=notice,
        said_at=said_at,
        via=_VIA,
    )
    pk = str(kept.violation.pk)
    if kept.is_new:
        return {"did": "violation_recorded", "id": pk}
    _take_over(notice, kept.violation)
    if not before:
        return {"did": "violation_known", "id": pk}
    return {"did": "violation_changed", "id": pk, "before": before}


def _known(store: Store, finding: ViolationFinding) -> Violation | None:
    """Return the violation that ``finding`` repeats.

    Raises:
        _Doubt: if it may be one of those known, or carries another store's reference.
    """
    if finding.reference is None:
        # Nothing tells two of a kind apart: whether it is a new one is for a person to say.
        if Violation.objects.filter(store=store, rule=finding.rule).exists():
            raise _Doubt("maybe_known")
        return None
    rows = list(
        Violation.objects.select_for_update(of=("self",))
        .filter(reference=finding.reference)
        .select_related("store", "notice")
    )
    known = next((row for row in rows if row.store_id == store.pk), None)
    if known is None and any(row.store.marketplace == store.marketplace for row in rows):
        raise _Doubt("reference_elsewhere")
    return known


def facts_of(finding: ViolationFinding) -> dict[str, Any]:
    """Return what a finding states, as facts for ``violations.record_violation``."""
    low, high = finding.points_range or (None, None)
    enforced_at = None
    if finding.state == "enforced":
        enforced_at = finding.enforced_at or finding.reported_at
    facts = {
        "reference": finding.reference,
        "rule": finding.rule,
        "subject": finding.subject or (finding.rule_text if finding.rule == "other" else ""),
        "points": finding.points,
        "points_low": low,
        "points_high": high,
        "state": finding.state,
        "reported_at": finding.reported_at,
        "enforced_at": enforced_at,
        "correct_by": finding.correct_by,
        "appeal_by": finding.appeal_by,
        "expires_at": finding.expires_at,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _news_in(
    facts: dict[str, Any], finding: ViolationFinding, known: Violation, said_at: datetime
) -> dict[str, Any]:
    """Return what a notice adds to a known violation.

    One that was sent before what we know only fills gaps, unless it tells that a pending
    violation is enforced; what a notice leaves to be guessed replaces nothing.
    """
    is_enforced_now = (known.state, finding.state) == ("pending", "enforced")
    is_news = is_enforced_now or (
        said_at > _said_last(known) and (known.state, finding.state) != ("enforced", "pending")
    )
    guessed = {
        field
        for code, _colon, field in (problem.partition(":") for problem in finding.problems)
        if code in _GUESSED
    }
    stays = guessed | {"rule", "subject", "reported_at"}
    if known.enforced_at is not None and finding.enforced_at is None:
        stays.add("enforced_at")
    gaps = {name for name in facts if getattr(known, name) in (None, "")}
    if known.rule == parsers.OTHER_RULE:
        gaps.add("rule")
    if known.points is not None:
        gaps -= {"points_low", "points_high"}
    wanted = gaps | (facts.keys() - stays if is_news else set()) | {"reference"}
    return {name: value for name, value in facts.items() if name in wanted}


def _said_last(known: Violation) -> datetime:
    """Return when the newest of what we know of a violation was said."""
    told = Notice.objects.filter(
        store=known.store_id, did__contains=[{"id": str(known.pk)}]
    ).aggregate(newest=Max(Coalesce("sent_at", "received_at")))
    newest: datetime | None = told["newest"]
    return newest or known.recorded_at


def _take_over(notice: Notice, violation: Violation) -> None:
    """Let a proven notice stand for a violation that so far only an unverified one told of."""
    first = violation.notice
    if notice.trust == Notice.Trust.PROVEN and first and first.trust == Notice.Trust.UNVERIFIED:
        Violation.objects.filter(pk=violation.pk).update(notice=notice)


def _tell_outcome(
    notice: Notice, store: Store, finding: AppealFinding, *, at: datetime
) -> dict[str, Any]:
    rows = Violation.objects.filter(store=store, reference=finding.reference)
    violation = rows.first()
    if violation is None:
        raise _Doubt("reference_unknown")
    signals.appeal_outcome_told.send(
        sender=Notice, notice=notice, finding=finding, store=store, at=at
    )
    return {"did": "outcome_told", "id": str(violation.pk), "outcome": finding.outcome}


# -- by a person ------------------------------------------------------------------------------


@transaction.atomic
def undo(*, notice: Notice, by: Membership, at: datetime) -> None:
    """Take back all that acting on a notice wrote: new rows go, changed ones are as they were.

    Raises:
        ViolationUnusable: if the notice has not acted, or was undone already.
        NoticeSettled: if a person recorded an enforcement from it.
    """
    if is_mended_elsewhere(notice):
        raise NoticeSettled(_("A person recorded this enforcement: mend it where it stands."))
    violations.undo_notice(notice=notice, by=by, at=at)
    for done in notice.did:
        if done.get("did") != "violation_changed":
            continue
        row = Violation.objects.filter(pk=UUID(done["id"])).exclude(notice=notice).first()
        if row is None:
            continue
        before = {name: _from_json(name, value) for name, value in done["before"].items()}
        if "points" in before and before["points"] is None:
            # The ledger gives back what was taken only where it hears of fewer points.
            violations.change_violation(violation=row, facts={"points": 0}, at=at, by=by)
        violations.change_violation(violation=row, facts=before, at=at, by=by)


@transaction.atomic
def set_aside(*, notice: Notice, by: Membership, at: datetime) -> None:
    """Say that a waiting notice needs nothing more.

    Raises:
        NoticeSettled: if it does not wait any more.
    """
    _settle(notice, Notice.State.SET_ASIDE, by=by, at=at)
    trail.record(action="notice.set_aside", by=by, subject=notice, at=at, store_id=notice.store_id)


@transaction.atomic
def act_by_hand(
    *, notice: Notice, violation: Violation, is_new: bool, by: Membership, at: datetime
) -> None:
    """Note that a person recorded ``violation`` from a waiting notice.

    Raises:
        NoticeSettled: if it does not wait any more.
    """
    did = {"did": "violation_recorded" if is_new else "violation_known", "id": str(violation.pk)}
    _acted(notice, [did], store=violation.store, by=by, at=at)


@transaction.atomic
def record_enforcements(
    *,
    notice: Notice,
    store: Store,
    kinds: Iterable[str],
    facts: Mapping[str, Any],
    reference: str,
    by: Membership,
    at: datetime,
) -> list[Enforcement]:
    """Record from a waiting notice an enforcement of each of ``kinds``, all with ``facts``.

    ``facts`` are starts_at, ends_at and violation; ``reference`` is the marketplace's own.

    Raises:
        NoticeSettled: if it does not wait any more.
        EnforcementUnusable: as ``violations.record_enforcement``; then nothing is recorded.
    """
    kept = [
        violations.record_enforcement(
            store=store, kind=kind, **facts, source=notice.channel, at=at, by=by
        )
        for kind in kinds
    ]
    did = [{"did": ENFORCEMENT_RECORDED, "id": str(one.pk), "reference": reference} for one in kept]
    _acted(notice, did, store=store, by=by, at=at)
    return kept


def is_mended_elsewhere(notice: Notice) -> bool:
    """Tell whether a person recorded an enforcement from it, which no undo takes back."""
    return any(done.get("did") == ENFORCEMENT_RECORDED for done in notice.did)


def _acted(
    notice: Notice, did: list[dict[str, Any]], *, store: Store, by: Membership, at: datetime
) -> None:
    _settle(notice, Notice.State.ACTED, by=by, at=at)
    notice.did, notice.store = did, store
    notice.save(update_fields=["did", "store"])
    trail.record(action="notice.acted", by=by, subject=notice, at=at, store_id=store.pk)


def _settle(notice: Notice, state: str, *, by: Membership, at: datetime) -> None:
    waiting = Notice.objects.filter(pk=notice.pk, state=Notice.State.TRIAGE)
    if not waiting.update(state=state, handled_by=by, handled_at=at):
        raise NoticeSettled(_("This notice does not wait any more: somebody has handled it."))
    notice.refresh_from_db()


# -- sealed texts -----------------------------------------------------------------------------


def text_of(notice: Notice) -> str:
    """Return the words of a notice as a person reads them: plain text, whatever they hold."""
    if not notice.text:
        return ""
    return sealing.unseal(notice.text, table=_TABLE, column="text", row=notice.pk)


def _seal(notice: Notice, column: str, text: str) -> str:
    return sealing.seal(text, table=_TABLE, column=column, row=notice.pk)


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _from_json(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in _MOMENTS and value else value
