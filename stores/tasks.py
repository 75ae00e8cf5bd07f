"""Due work of this room: what speaks with marketplaces, outside any scope."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from stores.access import visible_stores
from stores.marketplaces import registry
from stores.marketplaces.core import MarketplaceDown, RateLimited
from stores.models import Import, Store
from stores.services import (
    connections,
    consent_mail,
    consents,
    forwardings,
    imports,
    inbox,
    listening,
    mail_flow,
    mail_reading,
    mail_routes,
    mail_tests,
    pushes,
    syncing,
    tokens,
)
from tenants import addresses, scope
from tenants.due import Work
from tenants.models import Agency, Membership
from tenants.tasks import due_task

_TIKTOK = Store.Marketplace.TIKTOK_SHOP


def store_names(member: Membership, subjects: Collection[str]) -> Mapping[str, str]:
    """Return the names of the stores among ``subjects`` that a member sees."""
    seen = visible_stores(member).filter(pk__in=[each for each in subjects if each])
    return {str(pk): name for pk, name in seen.values_list("pk", "name")}


@due_task(
    "stores.exchange_code",
    words=_("Connect a store"),
    queue="sync",
    transactional=False,
    seconds=30,
)
def exchange_code(agency: Agency, work: Work) -> None:
    connections.exchange_code(agency=agency, work=work, client=registry.client_for(_TIKTOK))


@due_task(
    consents.MAIL_KIND,
    words=_("Mail a store's owner the link to connect it"),
    queue="notify",
    transactional=False,
    seconds=30,
)
def send_consent_mail(agency: Agency, work: Work) -> None:
    consent_mail.send(agency=agency, work=work)


@due_task(
    syncing.SYNC,
    words=_("Read what a store's marketplace has to say"),
    names=store_names,
    queue="sync",
    transactional=False,
    seconds=60,
    bulk=True,
)
def sync(agency: Agency, work: Work) -> None:
    syncing.sync_store(agency=agency, work=work, client=registry.client_for(_TIKTOK))


@due_task(
    tokens.RENEW,
    words=_("Renew a store's access"),
    names=store_names,
    queue="sync",
    transactional=False,
    seconds=30,
)
def renew_tokens(agency: Agency, work: Work) -> None:
    again_at = None
    try:
        access = tokens.access_for(
            agency=agency,
            store_id=UUID(work.subject),
            client=registry.client_for(_TIKTOK),
            at=work.at,
            renew=True,
        )
        again_at = access.renew_at if access else None
    except tokens.RenewalUnderWay as other:
        again_at = other.again_at
    except (MarketplaceDown, RateLimited):
        again_at = work.at + tokens.LATER
    with scope.agency(agency):
        listening.ask_where_missing(UUID(work.subject), at=work.at)
        work.finish(again_at=again_at)


@due_task(
    listening.ASK_FOR_PUSHES,
    words=_("Have a store's marketplace push what happens there"),
    names=store_names,
    queue="sync",
    transactional=False,
    seconds=30,
)
def ask_for_pushes(agency: Agency, work: Work) -> None:
    listening.ask_for_pushes(
        agency=agency,
        work=work,
        client=registry.client_for(_TIKTOK),
        address=addresses.public_url(f"/hooks/{_TIKTOK}/"),
    )


@due_task(mail_routes.READ_NOTICE, words=_("Read a mailed notice"), transactional=False, seconds=20)
def read_notice(agency: Agency, work: Work) -> None:
    mail_reading.read_event(agency=agency, work=work)


@due_task(
    mail_tests.SEND,
    words=_("Send a test mail"),
    queue="notify",
    transactional=False,
    seconds=30,
)
def send_test_mail(agency: Agency, work: Work) -> None:
    mail_tests.send(agency=agency, work=work)


@due_task(mail_flow.WATCH, words=_("Look whether mail still comes"), names=store_names)
def watch_mail(_agency: Agency, work: Work) -> datetime | None:
    return mail_flow.watch(store_id=UUID(work.subject), at=work.at)


@due_task(forwardings.FORGET, words=_("Drop a forwarding's code"))
def forget_code(_agency: Agency, work: Work) -> datetime | None:
    return forwardings.forget(forwarding_id=UUID(work.subject), at=work.at)


@due_task(pushes.READ_PUSH, words=_("Read what a marketplace has pushed"))
def read_push(_agency: Agency, work: Work) -> None:
    pushes.read_event(event_id=UUID(work.subject), at=work.at)


@due_task(pushes.FORGET_PUSH, words=_("Drop the copy of a push of an unknown type"))
def forget_push(_agency: Agency, work: Work) -> None:
    inbox.forget(UUID(work.subject))


@due_task(imports.CHECK_IMPORT, words=_("Check a file's rows"), seconds=20, bulk=True)
def check_import(_agency: Agency, work: Work) -> datetime | None:
    """Check a step of a file; come again at once until it is through."""
    kept = _import_of(work, Import.State.CHECKING)
    if kept is None:
        return None
    with _told_to(kept.made_by):
        is_through = imports.check_step(
            kept=kept, stores=_reach(kept.made_by), by=kept.made_by, at=work.at
        )
    return None if is_through else work.at


@due_task(imports.WRITE_IMPORT, words=_("Take over an imported file"), seconds=240, bulk=True)
def write_import(_agency: Agency, work: Work) -> None:
    kept = _import_of(work, Import.State.WRITING)
    if kept is None:
        return
    with _told_to(kept.made_by):
        imports.write_or_tell(kept=kept, stores=_reach(kept.made_by), by=kept.made_by, at=work.at)


@due_task(imports.FORGET_IMPORT, words=_("Drop what an old import would be taken back by"))
def forget_import(_agency: Agency, work: Work) -> None:
    kept = Import.objects.filter(pk=UUID(work.subject)).first()
    if kept is not None:
        imports.forget(kept=kept)


def _import_of(work: Work, state: str) -> Import | None:
    """Return the import that ``work`` names, where it is in ``state``."""
    waiting = Import.objects.filter(pk=UUID(work.subject), state=state)
    return waiting.select_related("made_by__role", "made_by__user").first()


def _reach(member: Membership | None) -> QuerySet[Store]:
    """Return the stores that a file's rows may be of; a key that nobody made reaches all."""
    if member is None:
        return Store.objects.exclude(state=Store.State.ARCHIVED)
    return visible_stores(member)


def _told_to(member: Membership | None) -> AbstractContextManager[None]:
    """Say what is wrong in the language of who brought the file in."""
    language = member.user.language if member else ""
    return translation.override(language or settings.LANGUAGE_CODE)
