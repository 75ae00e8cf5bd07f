"""What becomes of a notice: kept, and acted on as far as it can be believed and read."""

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from stores.mailin import parsers, topics
from stores.mailin.envelope import Mail
from stores.mailin.parsers import (
    AppealFinding,
    BalanceFinding,
    CorrectionFinding,
    EnforcementHint,
    Finding,
    InactivityFinding,
    MilestoneFinding,
    NewsFinding,
    RatingFinding,
    Triage,
    ViolationFinding,
)
from stores.mailin.trust import Trust
from stores.mailin.words import explain
from stores.models import Enforcement, Notice, Store, Violation
from stores.selectors import notices as selectors
from stores.selectors import violations as of_violations
from stores.services import notice_acts, teaching, violations
from stores.services.notice_acts import ActDoubtful
from tenants import sealing
from tenants.errors import DomainError
from tenants.health import counters
from tenants.models import Membership
from tenants.trail import services as trail

_TABLE: Final = "stores_notice"
_SOURCE: Final = "mail"
_VIA: Final = "task"
PASTED_BEFORE: Final = "pasted_before"
SAID: Final = 24  # letters that begin the digest of a paste, of what it says
MAYBE_KNOWN: Final = "maybe_known"
_MAYBE: Final = 10  # violations that are offered as the one meant
ENFORCEMENT_RECORDED: Final = "enforcement_recorded"
_TAUGHT_OF_VIOLATION: Final = (
    *("reference", "rule", "subject", "points", "state", "reported_at"),
    *("enforced_at", "correct_by", "appeal_by", "expires_at"),
)
_KINDS: Final = {
    ViolationFinding: Notice.Kind.VIOLATION,
    RatingFinding: Notice.Kind.HEALTH_REPORT,
    AppealFinding: Notice.Kind.APPEAL_RESULT,
    CorrectionFinding: Notice.Kind.CORRECTION_RESULT,
    MilestoneFinding: Notice.Kind.MILESTONE,
    InactivityFinding: Notice.Kind.INACTIVITY,
    BalanceFinding: Notice.Kind.NEGATIVE_BALANCE,
    NewsFinding: Notice.Kind.NEWS,
}


# What a person taught may settle these; in all else the mail itself is at fault.
_MAY_BE_TAUGHT: Final = frozenset(
    {
        parsers.Why.UNRECOGNISED,
        parsers.Why.OTHER_KIND,
        parsers.Why.STATE_UNCLEAR,
        parsers.Why.NUMBER_DOUBTFUL,
        parsers.Why.REFERENCE_MISSING,
        parsers.Why.OUTCOME_UNCLEAR,
        parsers.Why.DATE_UNCLEAR,
    }
)


class NoticeSettled(DomainError):
    code: ClassVar[str] = "notice_settled"


class FindingUnusable(DomainError):
    code: ClassVar[str] = "finding_unusable"


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
    findings = read(mail, store, incoming.received_at)
    taught = None
    if judged.acts and isinstance(findings[0], Triage) and findings[0].reason in _MAY_BE_TAUGHT:
        taught = teaching.recognise(mail, store, received_at=incoming.received_at)
        if taught is not None and taught.findings is not None:
            findings = taught.findings
    digest = f"{digest_of_mail(incoming.digest)}{number:04x}"
    if Notice.objects.filter(digest=digest, store=store).exists():
        return None
    notice = Notice(
        store=store,
        channel=_SOURCE,
        kind=taught.form.kind if taught else _kind_of(findings),
        recognised_by=taught.form if taught else None,
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
        notice.reason = _why(first)
    elif all(isinstance(finding, NewsFinding) for finding in findings):
        notice.state = Notice.State.READ
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
    outcome = "left" if notice.reason else "read"
    counters.notice_taken(notice.channel, outcome if judged.acts else "not_believed")
    return notice


def _topic_of(mail: Mail, store: Store | None, received_at: datetime) -> str:
    named = parsers.shops_named(mail, received_at=received_at)
    own = (store.name, store.external_id) if store else ()
    return topics.topic_of(
        mail.subject, mail.text or mail.html_text, names=[*named.names, *named.codes, *own]
    )


def take_pasted(
    *,
    mail: Mail,
    store: Store | None,
    doubt: str,
    findings: Sequence[Finding],
    digest: str,
    by: Membership | None,
    source: str,
    at: datetime,
    via: str,
) -> Notice:
    """Do what a pasted notice says by ``by``'s word; one in doubt is not kept, but says why."""
    first = findings[0]
    notice = Notice(
        store=store,
        channel="paste",
        kind=_kind_of(findings),
        trust=Notice.Trust.UNVERIFIED,
        trust_reasons=["pasted"],
        state=Notice.State.TRIAGE,
        subject=mail.subject[:300],
        topic=_topic_of(mail, store, at),
        digest=digest,
        sent_at=mail.sent_at,
        received_at=at,
    )
    if doubt or isinstance(first, Triage):
        notice.reason = doubt or _why(first)
        return notice
    if all(isinstance(finding, NewsFinding) for finding in findings):
        notice.state = Notice.State.READ
    elif store is None:
        notice.reason = "store_unclear"
        return notice
    if _was_pasted(notice, findings):
        notice.reason = PASTED_BEFORE
        return notice
    notice.text = _seal(notice, "text", mail.text)
    with transaction.atomic():
        notice.save(force_insert=True)
        if notice.state != Notice.State.READ and store is not None:
            _act(notice, store, findings, at=at, by=by, source=source, via=via)
        if notice.reason:
            transaction.set_rollback(True)
            return notice
        notice.handled_by, notice.handled_at = by, at
        notice.save(update_fields=["state", "did", "handled_by", "handled_at"])
        trail.record(
            action="notice.pasted",
            by=by,
            subject=notice,
            at=at,
            store_id=notice.store_id,
            via=via,
        )
    return notice


def _was_pasted(notice: Notice, findings: Iterable[Finding]) -> bool:
    """Tell whether the same words stand for this store already, by their pasting.

    A page that shows its numbers without a time is no repeat: it says that they are so now.
    """
    for one in findings:
        match one:
            case RatingFinding(observed_at=moment):
                pass
            case InactivityFinding(measured_at=moment) | BalanceFinding(measured_at=moment):
                pass
            case _:
                continue
        if moment == notice.received_at:
            return False
    return Notice.objects.filter(
        channel="paste",
        store=notice.store,
        digest__startswith=notice.digest[:SAID],
        state__in=[Notice.State.ACTED, Notice.State.READ],
    ).exists()


def _why(triage: Finding) -> str:
    assert isinstance(triage, Triage)
    return f"{triage.reason}:{triage.about}" if triage.about else str(triage.reason)


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
    return store, Notice.OTHER_STORE if is_another else ""


def read(mail: Mail, store: Store | None, received_at: datetime) -> list[Finding]:
    """Return what a notice says, read in its store's zone."""
    zone: tzinfo = ZoneInfo(store.time_zone) if store else UTC
    return parsers.parse(mail, zone=zone, received_at=received_at)


def _kind_of(findings: Sequence[Finding]) -> str:
    """Return what kind of notice says ``findings``; "" where it could not be read."""
    first = findings[0]
    if not isinstance(first, Triage):
        is_warning = isinstance(first, ViolationFinding) and first.points == 0
        return Notice.Kind.WARNING if is_warning else _KINDS[type(first)]
    if first.reason != parsers.Why.OTHER_KIND:
        return first.kind
    return first.about if first.about in Notice.Kind.values else Notice.Kind.OTHER


def violation_told(notice: Notice, store: Store) -> ViolationFinding | None:
    """Return the violation that a notice tells of, read with the store's zone, if it does."""
    findings = read(_kept_mail(notice), store, notice.received_at)
    return next((one for one in findings if isinstance(one, ViolationFinding)), None)


def store_named(notice: Notice) -> UUID | None:
    """Return the one store that a notice names, whichever store's address it came to."""
    mail = _kept_mail(notice)
    named = parsers.shops_named(mail, received_at=notice.received_at)
    meant = selectors.stores_meant(
        f"{mail.subject}\n{mail.text}", names=named.names, codes=named.codes
    )
    return meant.only


def maybe_known(notice: Notice) -> list[Violation]:
    """Return the violations that a waiting notice without a reference may repeat, newest first."""
    if notice.state != Notice.State.TRIAGE or notice.reason != MAYBE_KNOWN or not notice.store:
        return []
    told = violation_told(notice, notice.store)
    if told is None:
        return []
    return of_violations.maybe_the_same(notice.store, told.rule, limit=_MAYBE)


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


def _act(
    notice: Notice,
    store: Store,
    findings: Sequence[Finding],
    *,
    at: datetime,
    by: Membership | None = None,
    source: str = _SOURCE,
    via: str = _VIA,
) -> None:
    """Do what ``findings`` say, all of it or nothing; in doubt the notice waits with its reason."""
    said_at = _said_at(notice, findings, at)
    task = notice_acts.Task(notice, store, said_at, at, by=by, source=source, via=via)
    try:
        with transaction.atomic():
            did = [done for finding in findings for done in notice_acts.do(task, finding)]
    except ActDoubtful as doubt:
        notice.reason = str(doubt)
    except DomainError:
        notice.reason = "refused"
    else:
        notice.state, notice.did = Notice.State.ACTED, did


def _said_at(notice: Notice, findings: Iterable[Finding], at: datetime) -> datetime:
    """Return when what a notice tells was so: no later than the rating that it shows with it."""
    shown = [one.observed_at for one in findings if isinstance(one, RatingFinding)]
    return min(notice.sent_at or notice.received_at, at, *shown)


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
    notice_acts.take_back(notice, by=by, at=at)


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
    is_warning = violation.points == 0
    kind = Notice.Kind.WARNING if is_warning else Notice.Kind.VIOLATION
    facts = {name: getattr(violation, name) for name in _TAUGHT_OF_VIOLATION}
    _learn(notice, kind, facts, store=violation.store, by=by, at=at)


@transaction.atomic
def record_enforcements(
    *,
    notice: Notice,
    store: Store,
    kinds: Collection[str],
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
    taught: dict[str, Any] = {"kinds": list(kinds), "reference": reference}
    taught |= {name: facts.get(name) for name in ("starts_at", "ends_at")}
    _learn(notice, Notice.Kind.MILESTONE, taught, store=store, by=by, at=at)
    return kept


@transaction.atomic
def classify(
    *,
    notice: Notice,
    store: Store | None,
    kind: str,
    finding: Finding | None,
    facts: Mapping[str, Any],
    by: Membership,
    at: datetime,
) -> None:
    """Say what a waiting notice is: do what ``finding`` says, and recognise the like from now on.

    ``finding`` is None for a kind that has nothing to be done; ``facts`` are what it was made of.

    Raises:
        NoticeSettled: if it does not wait any more.
        FindingUnusable: if what it says cannot be true of the store; then nothing is written.
    """
    if finding is None or store is None:
        _settle(notice, Notice.State.READ, by=by, at=at)
        trail.record(action="notice.acted", by=by, subject=notice, at=at, store_id=notice.store_id)
    else:
        said_at = _said_at(notice, [finding], at)
        task = notice_acts.Task(notice, store, said_at, at, by=by, source="person", via="page")
        try:
            with transaction.atomic():
                did = notice_acts.do(task, finding)
        except ActDoubtful as doubt:
            raise FindingUnusable(explain(str(doubt))) from doubt
        _acted(notice, did, store=store, by=by, at=at)
    _learn(notice, kind, facts, store=store or notice.store, by=by, at=at)


def _learn(
    notice: Notice,
    kind: str,
    facts: Mapping[str, Any],
    *,
    store: Store | None,
    by: Membership,
    at: datetime,
) -> None:
    Notice.objects.filter(pk=notice.pk).update(kind=kind)
    notice.kind = kind
    teaching.learn(
        notice=notice, text=text_of(notice), kind=kind, facts=facts, store=store, by=by, at=at
    )


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
