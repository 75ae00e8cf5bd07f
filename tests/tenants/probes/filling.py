"""One row at least of every table of an agency, with the agency's canary wherever text can stand.

A canary is a random word that stands nowhere else: where another agency's is seen, rows leaked.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final
from uuid import UUID, uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.files.base import ContentFile
from django.db.models import (
    CharField,
    Field,
    FileField,
    JSONField,
    Model,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Concat, Right

from appeals.models import Evidence
from checklist.models import Schedule, Tick
from scoring.models import (
    Explanation,
    FigureSwitch,
    LedgerEntry,
    PeriodEnd,
    PlatformRating,
    PointsUnknown,
    Restoration,
)
from scoring.services import periods, rating
from stores.models import (
    Enforcement,
    ImportMark,
    Notice,
    NoticeRead,
    Store,
    StoreAccess,
    SyncCursor,
    SyncRun,
    TaughtForm,
    Violation,
)
from stores.services import imports, inbox, mail_routes, pushes, tokens
from tenants import due, scope, sealing
from tenants.models import (
    AccountEvent,
    Agency,
    AgencyDeletion,
    ConsentLink,
    DueWork,
    Handoff,
    Invitation,
    MailRoute,
    MarketplaceApp,
    Membership,
    OAuthState,
    Role,
    User,
)
from tenants.services.handoffs import digest
from tenants.trail import services as trail
from tenants.trail.models import IdempotentCall
from tests import factories

CODE: Final = "a code that the program looks up"
HASH: Final = "a digest or a number of ours, which tells nothing"
SEALED: Final = "sealed: the canary stands inside"
ADDRESS: Final = "a public address"

# Text that cannot carry a canary as it stands, and why.
LEFT_ALONE: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            *("tenants.Role.code", "tenants.Role.capabilities", "tenants.ApiKey.scopes"),
            *("tenants.DueWork.kind", "tenants.DueWork.subject", "tenants.DueWork.period"),
            *("tenants.StoreRoute.app_key", "trail.AuditEvent.action"),
            "tenants.ConsentLink.problem",
            *("trail.AuditEvent.object_type", "trail.IdempotentCall.key"),
            *("stores.Alert.code", "stores.Alert.title", "stores.Connection.problem"),
            *("stores.Enforcement.milestone", "stores.Import.mapping", "stores.Import.result"),
            "stores.ImportMapping.columns",
            *("stores.Notice.reason", "stores.Notice.trust_reasons"),
            *("stores.TaughtForm.constants", "stores.TaughtForm.missing"),
            *("stores.Order.status", "stores.Reading.metric", "stores.Store.time_zone"),
            *("stores.SubAccount.permissions", "stores.SyncRun.problem", "stores.Violation.rule"),
            *("stores.SyncCursor.problem", "stores.MailTest.problem"),
            *("stores.Forwarding.reasons", "stores.Forwarding.shown_to"),
            *("scoring.LedgerEntry.rule", "scoring.StoreRating.rulebook"),
            *("scoring.StoreRating.milestone", "scoring.StoreRating.spark"),
            *("scoring.StoreRating.in_force", "scoring.PeriodEnd.milestone"),
            *("scoring.Quiz.milestone", "checklist.Procedure.key"),
            *("scoring.FigureSwitch.book", "scoring.FigureSwitch.figure"),
            *("checklist.ProcedureItem.key", "checklist.ItemLimit.metric"),
        ),
        CODE,
    ),
    **dict.fromkeys(
        (
            *("tenants.ApiKey.secret_hash", "tenants.Handoff.nonce_hash"),
            *("tenants.Handoff.token_hash", "tenants.Invitation.token_hash"),
            *("tenants.OAuthState.token_hash", "tenants.InboundEvent.digest"),
            "tenants.ConsentLink.token_hash",
            *("tenants.User.password", "trail.IdempotentCall.digest", "stores.Notice.digest"),
            *("stores.TaughtForm.digest", "stores.TaughtForm.fixed"),
            *("stores.Notice.topic", "stores.NoticeRead.topic"),
            *("stores.Import.fingerprint", "stores.ImportMapping.fingerprint"),
            *("appeals.Evidence.sha256", "tenants.Agency.schema_name"),
            "stores.MailTest.token",
        ),
        HASH,
    ),
    **dict.fromkeys(
        (
            *("stores.Connection.access_token", "stores.Connection.refresh_token"),
            *("stores.Connection.shop_cipher", "stores.Connection.offered"),
            *("stores.Notice.text", "stores.Notice.original", "stores.ImportRow.cells"),
            *("stores.Forwarding.code", "stores.Forwarding.link"),
            *("tenants.MarketplaceApp.app_secret", "tenants.OAuthState.code"),
        ),
        SEALED,
    ),
    **dict.fromkeys(
        ("tenants.Agency.slug", "tenants.Domain.domain", "tenants.User.time_zone"), ADDRESS
    ),
}
Ids = dict[str, UUID | int]

_NO_AGENCY: Final = UUID(int=0)  # a person's secrets belong to none
_SHORTEST: Final = 24  # letters that a column must take to be marked


def agency_models() -> list[type[Model]]:
    """Return the models of the agencies' schemas."""
    labels = [name.rsplit(".", 1)[-1] for name in settings.TENANT_APPS]
    return [model for label in labels for model in apps.get_app_config(label).get_models()]


def public_models() -> dict[type[Model], str]:
    """Return the public models with rows of agencies, and the look-up that says whose."""
    found: dict[type[Model], str] = {Agency: "pk", User: "memberships__agency"}
    for model in apps.get_app_config("tenants").get_models():
        for field in model._meta.concrete_fields:
            if field.related_model is Agency:
                found[model] = field.name
    return found


def texts(model: type[Model]) -> Iterator["Field[Any, Any]"]:
    """Return the fields of a model in which words can stand that no list of choices bounds."""
    for field in model._meta.concrete_fields:
        is_text = isinstance(field, CharField | TextField | JSONField)
        if isinstance(field, ArrayField):
            is_text = isinstance(field.base_field, CharField | TextField)
        length = getattr(field, "max_length", None)
        is_long = length is None or length >= _SHORTEST
        if is_text and is_long and not field.choices and not isinstance(field, FileField):
            yield field


def name_of(field: "Field[Any, Any]") -> str:
    return f"{field.model._meta.label}.{field.name}"


def fill(agency: Agency, canary: str, at: datetime | None = None) -> Ids:
    """Write rows of every kind and mark them; return an id of each model's by its label."""
    at = at or datetime.now(UTC)
    with scope.agency(agency):
        owner = Membership.objects.select_related("role").get(role__code="owner")
        _rows_of_stores(owner, canary, at)
        _rows_of_work(owner, canary, at)
    _public_rows(agency, owner, canary, at)
    _mark(agency, canary)
    return _ids(agency)


def _rows_of_stores(owner: Membership, canary: str, at: datetime) -> None:
    client = factories.make_client()
    store = factories.make_store(client=client, owner=owner)
    mail_routes.ensure_routes([store.pk])
    group = factories.make_group(stores=[store])
    StoreAccess.objects.create(member=owner, group=group)
    connection = factories.make_connection(store=store)
    for column in ("access_token", "refresh_token", "shop_cipher"):
        setattr(connection, column, tokens.seal(connection, column, canary))
    connection.offered = tokens.seal(connection, "offered", json.dumps(_offer(canary, at)))
    connection.scopes = [canary]
    connection.save()
    SyncCursor.objects.create(store=store, data="orders", fresh_at=at)
    SyncRun.objects.create(store=store, data="orders", state="done", started_at=at)
    factories.make_order(store)
    factories.make_fetched(store, at=at, reason=canary)
    factories.make_reading(store, "overdue_orders", 3)
    factories.make_sub_account(store)
    factories.make_alert(store, detail={"value": canary, "limit": "0"})
    notice = factories.make_notice(
        store=store, kind="news", text=f"Your shop has a violation. {canary}"
    )
    NoticeRead.objects.create(member=owner, topic=str(notice.pk), read_at=at)
    notice.original = sealing.seal(canary, table="stores_notice", column="original", row=notice.pk)
    for place in (store, None):
        # Shown to its owner before: her own looking at it again changes nothing.
        forwarding = factories.make_forwarding(
            place, code=canary, notice=notice, shown_to=[str(owner.pk)]
        )
        forwarding.link = sealing.seal(
            canary, table="stores_forwarding", column="link", row=forwarding.pk
        )
        forwarding.save()
    factories.make_mail_test(store, asked_by=owner)
    notice.did = [{"did": "violation_known", "id": str(uuid4()), "before": canary}]
    notice.save()
    TaughtForm.objects.create(
        sender_domain="tiktok.com",
        digest=uuid4().hex,
        kind="news",
        example=canary,
        fills={"days": {"slots": [0], "as": "number", "label": canary}},
        notice=notice,
        taught_at=at,
        taught_by=owner,
    )
    violation = factories.make_violation(store=store, notice=notice)
    enforcement = Enforcement.objects.create(
        store=store, kind="order_limit", starts_at=at, source="person", recorded_at=at
    )
    periods.keep_enforcement(enforcement=enforcement, at=at)
    PointsUnknown.objects.create(
        store=store, violation=violation, occurred_at=at, recorded_at=at, settled_at=at
    )
    PeriodEnd.objects.create(
        store=store, milestone="rating_150", ends_at=at, said_at=at, by="quiz", recorded_at=at
    )
    _import(store, owner, canary, at)
    # Entries are never changed, so this one is marked as it is made.
    LedgerEntry.objects.create(
        store=store,
        kind="deduction",
        points=-8,
        occurred_at=at - timedelta(days=2),
        violation=violation,
        rule=violation.rule,
        source="person",
        source_ref=f"{canary}-1",
        note=f"{canary} note",
        recorded_at=at,
        recorded_by=owner,
    )
    PlatformRating.objects.create(
        store=store, value=180, observed_at=at, source="person", recorded_at=at
    )
    FigureSwitch.objects.create(
        book="tiktok_shop/US/local/2025-10-14",
        figure="order_bonus",
        is_on=True,
        switched_at=at,
        switched_by=owner,
    )
    rating.rate(store=store, at=at)
    _rows_of_desks(notice, violation, owner, at)


def _rows_of_desks(notice: Notice, violation: Violation, owner: Membership, at: datetime) -> None:
    store = violation.store
    Restoration.objects.create(
        store=store,
        violation=violation,
        reason="granted",
        points=8,
        decided_at=at - timedelta(days=1),
        opened_at=at,
    )
    Explanation.objects.create(
        store=store, notice=notice, reason="Known", explained_at=at, explained_by=owner
    )
    factories.make_quiz(store, open_until=at - timedelta(hours=1), recorded_by=owner)


def _offer(canary: str, at: datetime) -> dict[str, Any]:
    shop = {"id": "7495", "name": canary, "region": "US", "seller_type": "LOCAL", "cipher": canary}
    moment = (at + timedelta(days=1)).isoformat()
    held = {
        "access_token": canary,
        "access_token_expires_at": moment,
        "refresh_token": canary,
        "refresh_token_expires_at": moment,
        "granted_scopes": [],
    }
    return {"tokens": held, "shops": [shop]}


def _import(store: Store, owner: Membership, canary: str, at: datetime) -> None:
    """Bring in a file that waits, with a mapping that is remembered, and the mark of another."""
    head = f"Violation ID,Violation type,Product,Points,Date,{canary}"
    right = f"{canary}-9,{canary},{canary},4,2026-07-14 09:30,"
    wrong = f"{canary}-8,{canary},{canary},{canary},2026-07-14 09:30,"
    reach = Store.objects.all()
    kept = imports.bring(
        file=BytesIO(f"{head}\n{right}\n{wrong}\n".encode()),
        file_name=f"{canary}.csv",
        kind="violations",
        store=store,
        stores=reach,
        by=owner,
        at=at,
    )
    columns = {"reference": 0, "rule": 1, "subject": 2, "points": 3, "reported_at": 4}
    imports.remap(kept=kept, columns=columns, dates="", stores=reach, by=owner, at=at)
    ImportMark.objects.create(
        imported=kept, noun="violation", object_id=store.pk, was={"was": {"subject": canary}}
    )


def _rows_of_work(owner: Membership, canary: str, at: datetime) -> None:
    violation = Violation.objects.get()
    store = violation.store
    attempt = factories.make_attempt(violation=violation, by=owner, file_by=at + timedelta(days=9))
    factories.make_evidence(attempt)
    scan = Evidence(attempt=attempt, title="Scan", kind="file", at=at, size=20)
    scan.file.save("scan.pdf", ContentFile(f"%PDF {canary}".encode()))
    factories.make_evidence(attempt, kind="note", url="", text="A note")
    factories.make_remediation(store=store, steps=["Call", "Write"])
    item = factories.make_item(metric="overdue_orders")
    round_ = factories.make_round(store, item)
    factories.make_schedule(item.procedure)
    read = {"value": "3", "measured_at": at.isoformat(), "source": "api"}
    tick = factories.make_tick(
        round_,
        item,
        owner,
        readings={"overdue_orders": {**read, "reading": canary}},
    )
    tick.photo.save("proof.png", ContentFile(b"\x89PNG\r\n\x1a\n" + canary.encode()))
    factories.make_tick(
        factories.make_round(store, item, opens_at=at - timedelta(days=2)),
        item,
        owner,
        superseded_at=at,
        superseded_because="contradicted",
        contradiction={"metric": "overdue_orders", **read, "reading": canary},
    )
    trail.record(
        action="store.changed",
        by=owner,
        subject=store,
        at=at,
        store_id=store.pk,
        changes={"name": [canary, canary]},
    )
    IdempotentCall.objects.create(
        api_key_id=uuid4(), key="kept", digest="0" * 64, status=201, body="{}", at=at
    )


def _public_rows(agency: Agency, owner: Membership, canary: str, at: datetime) -> None:
    with scope.public():
        role = Role.objects.get(agency=agency, code="lead")
        Invitation.objects.create(
            agency=agency,
            email=f"{canary}@example.com",
            role=role,
            store_scope="all",
            invited_by=owner,
            token_hash=digest(canary),
            created_at=at,
            expires_at=at + timedelta(days=7),
        )
        Handoff.objects.create(
            token_hash=digest(f"pass of {canary}"),
            user_id=owner.user_id,
            agency=agency,
            nonce_hash=digest("nonce"),
            expires_at=at + timedelta(days=1),
        )
        AgencyDeletion.objects.create(
            agency=agency,
            asked_by=owner,
            asked_at=at,
            ended_at=at,
            outcome=AgencyDeletion.Outcome.CALLED_OFF,
        )
        kept = MailRoute.objects.filter(agency=agency)
        kept.update(
            local_part=Concat(Value(f"{canary}-"), "local_part"),
            forwarders=[f"{canary}@example.com"],
        )
        app = MarketplaceApp(agency=agency, marketplace="lazada", app_key="key", service_id="id")
        app.app_secret = sealing.seal(
            canary,
            table="tenants_marketplaceapp",
            column="app_secret",
            row=app.pk,
            agency=agency.pk,
        )
        app.save()
        _passes(agency, owner, canary, at)
        _person(User.objects.get(pk=owner.user_id), agency, canary, at)
        due.add(kind="stores.sync", subject=uuid4(), at=at, agency=agency)
        DueWork.objects.filter(agency=agency, kind="stores.sync").update(quarantined_at=at)


def _passes(agency: Agency, owner: Membership, canary: str, at: datetime) -> None:
    with scope.agency(agency):
        store_id = Store.objects.values_list("pk", flat=True).get()
    token = digest(oauth_token(canary))
    OAuthState.objects.create(
        token_hash=token,
        agency=agency,
        member=owner,
        store_id=store_id,
        marketplace="tiktok_shop",
        expires_at=at + timedelta(days=1),
        code=sealing.seal(
            canary, table="tenants_oauthstate", column="code", row=token, agency=agency.pk
        ),
    )
    ConsentLink.objects.create(
        token_hash=digest(f"consent of {canary}"),
        agency=agency,
        store_id=store_id,
        made_by=owner,
        email=f"{canary}@example.com",
        reason=canary,
        language="en",
        sent_at=at,
        expires_at=at + timedelta(days=14),
    )
    inbox.keep(
        agency=agency,
        store_id=store_id,
        channel="mail",
        recipient="somebody@in.localhost",
        digest=token,
        raw=canary.encode(),
        kind=mail_routes.READ_NOTICE,
        at=at + timedelta(days=300),
    )
    inbox.keep(
        agency=agency,
        store_id=store_id,
        channel="webhook",
        recipient="tiktok_shop:1",
        digest=token,
        raw=canary.encode(),
        kind=pushes.READ_PUSH,
        at=at + timedelta(days=300),
        told=inbox.Told(canary, at),
    )


def oauth_token(canary: str) -> str:
    """Return the pass that the agency's owner took out to a consent page."""
    return digest(f"state of {canary}")


def _person(user: User, agency: Agency, canary: str, at: datetime) -> None:
    """Write what belongs to a person: mail address, second factor, sessions, events."""
    EmailAddress.objects.create(
        user=user, email=f"{canary}@example.com", verified=True, primary=True
    )
    secret = sealing.seal(
        "JBSWY3DPEHPK3PXP", table="mfa_authenticator", column="data", row=user.pk, agency=_NO_AGENCY
    )
    Authenticator.objects.create(user=user, type="totp", data={"secret": secret, "note": canary})
    UserSession.objects.create(
        user=user, ip="127.0.0.1", session_key=digest(canary)[:40], user_agent=canary
    )
    AccountEvent.objects.create(
        user=user, kind="agency.entered", at=at, detail={"agency": str(agency.pk), "note": canary}
    )


def _mark(agency: Agency, canary: str) -> None:
    """Put the canary into every text of the agency's rows that takes one."""
    with scope.agency(agency):
        for model in agency_models():
            if not getattr(model, "is_append_only", False):
                _mark_rows(model._default_manager.all(), canary)
    with scope.public():
        for model, owner in public_models().items():
            rows = model._default_manager.filter(**{owner: agency.pk})
            if model is User:
                keys = list(rows.values_list("pk", flat=True))
                rows = User.objects.filter(pk__in=keys)
            _mark_rows(rows, canary)


def _mark_rows(rows: Any, canary: str) -> None:
    changes: dict[str, Any] = {}
    for field in texts(rows.model):
        is_plain = isinstance(field, CharField | TextField) and not isinstance(field, JSONField)
        if not is_plain or field.primary_key or name_of(field) in LEFT_ALONE:
            continue
        before, after = _around(field)
        tail = Right(Cast("pk", TextField()), 8)
        changes[field.name] = Concat(Value(before + canary), tail, Value(after))
    kinds = {"url": "link", "text": "note"}  # evidence has the one or the other
    if rows.model is Evidence:
        for name, kind in kinds.items():
            rows.filter(kind=kind).update(**{name: changes.pop(name)})
    if changes:
        rows.update(**changes)


def _around(field: "Field[Any, Any]") -> tuple[str, str]:
    """Return what makes a valid value of a canary."""
    kind = type(field).__name__
    return {"EmailField": ("", "@example.com"), "URLField": ("https://example.com/", "")}.get(
        kind, ("", "")
    )


def _ids(agency: Agency) -> Ids:
    ids: Ids = {}
    with scope.agency(agency):
        for model in agency_models():
            row = model._default_manager.order_by("pk").first()
            if row is not None:
                ids[model._meta.label] = row.pk
        ids |= _ids_of_files()
    with scope.public():
        for model, owner in public_models().items():
            row = model._default_manager.filter(**{owner: agency.pk}).order_by("pk").first()
            if row is not None and isinstance(row.pk, UUID):  # other keys are secrets or texts
                ids[model._meta.label] = row.pk
        set_aside = DueWork.objects.exclude(quarantined_at=None)
        ids[DueWork._meta.label] = set_aside.get(agency=agency).pk
    return ids


def _ids_of_files() -> dict[str, UUID]:
    """Return the ids of the rows with a file, and of those that stand around them."""
    tick = Tick.objects.select_related("item").exclude(photo="").get()
    procedure = tick.item.procedure_id
    return {
        "appeals.Evidence": Evidence.objects.get(kind="file").pk,
        "checklist.Tick": tick.pk,
        "checklist.Round": tick.round_id,
        "checklist.ProcedureItem": tick.item_id,
        "checklist.Procedure": procedure,
        "checklist.Schedule": Schedule.objects.get(procedure=procedure).pk,
    }


def files_of(agency: Agency) -> tuple[str, ...]:
    """Return the paths of the agency's files in the storage."""
    with scope.agency(agency):
        documents = Evidence.objects.filter(kind="file").values_list("file", flat=True)
        photos = Tick.objects.exclude(photo="").values_list("photo", flat=True)
        return (*documents, *photos)


def unmarked(agency: Agency, canary: str) -> list[str]:
    """Return the tables without a row, and the texts without the canary that no reason excuses."""
    found: list[str] = []
    with scope.agency(agency):
        for model in agency_models():
            found += _unmarked_of(model._default_manager.all(), canary)
    with scope.public():
        for model, owner in public_models().items():
            found += _unmarked_of(model._default_manager.filter(**{owner: agency.pk}), canary)
    return found


def _unmarked_of(rows: Any, canary: str) -> list[str]:
    kept = list(rows)
    if not kept:
        return [rows.model._meta.label]
    return [
        name_of(field)
        for field in texts(rows.model)
        if name_of(field) not in LEFT_ALONE
        and not any(canary in str(getattr(row, field.attname)) for row in kept)
    ]
