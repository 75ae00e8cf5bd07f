"""One case of each kind of due work: what it needs, and how its row ends."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import UUID

from appeals.models import Attempt
from checklist.models import Schedule
from scoring.models import Quiz, Restoration, StoreRating
from stores.models import Import, Store
from stores.sandbox.app import Sandbox
from stores.services import connections, consents, inbox
from tenants import scope
from tenants.models import Agency, AgencyDeletion, ConsentLink, Invitation, Membership
from tenants.services import closing
from tenants.services.agencies import agency_host, found_agency
from tenants.services.handoffs import digest
from tests import factories
from tests.stores import marketplace

DONE: Final = "done"
AGAIN: Final = "again"


@dataclass(frozen=True)
class Bench:
    """An agency with rows of every kind, and a marketplace that its store is connected to."""

    agency: Agency
    app: Sandbox
    clock: marketplace.Clock
    owner: Membership
    store: Store

    @property
    def at(self) -> datetime:
        return self.clock()


Prepare = Callable[[Bench], tuple[Agency, UUID | str]]


def make_bench(agency: Agency, app: Sandbox, clock: marketplace.Clock) -> Bench:
    with scope.public():
        owner = Membership.objects.select_related("user", "role").get(
            agency=agency, role__code="owner"
        )
    with scope.agency(agency):
        store = factories.make_store(market="TH", owner=owner)
    return Bench(agency, app, clock, owner, store)


def _a_code(bench: Bench) -> tuple[Agency, str]:
    with scope.agency(bench.agency):
        address = connections.begin(store=bench.store, by=bench.owner, at=bench.at)
    token = marketplace.pass_in(address)
    connections.come_back(
        marketplace=bench.store.marketplace,
        token=token,
        code=marketplace.code_for(bench.app, marketplace.QUIET_TH, bench.clock),
        user=bench.owner.user,
        at=bench.at,
    )
    return bench.agency, digest(token)


def _a_mailing(bench: Bench) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        to = {bench.store.pk: consents.To("owner@example.com", "en")}
        consents.mail_links(stores=[bench.store], to=to, by=bench.owner, at=bench.at)
        link = ConsentLink.objects.get(store_id=bench.store.pk)
    assert link.mailing is not None
    return bench.agency, link.mailing


def _a_rated_store(bench: Bench) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        return bench.agency, StoreRating.objects.get().store_id


def _the_store(bench: Bench) -> tuple[Agency, UUID]:
    return bench.agency, bench.store.pk


def _kept(bench: Bench, raw: bytes, kind: str) -> tuple[Agency, UUID]:
    event, _created = inbox.keep(
        agency=bench.agency,
        store_id=bench.store.pk,
        channel="mail",
        recipient=f"{kind}@in.localhost",
        digest=kind,
        raw=raw,
        kind=kind,
        at=bench.at,
    )
    return bench.agency, event.pk


def _a_mail(bench: Bench) -> tuple[Agency, UUID]:
    raw = b"From: somebody@example.com\r\nSubject: Hello\r\n\r\nYour shop has a violation.\r\n"
    return _kept(bench, raw, "stores.read_notice")


def _a_test_mail(bench: Bench) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        test = factories.make_mail_test(bench.store, asked_by=bench.owner, sent_at=None)
        return bench.agency, test.pk


def _a_forwarding(bench: Bench) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        at = bench.at - timedelta(days=8)
        return bench.agency, factories.make_forwarding(bench.store, code="1", asked_at=at).pk


def _a_push(bench: Bench) -> tuple[Agency, UUID]:
    push = {
        "type": 1,
        "tts_notification_id": "7380066284010030890",
        "shop_id": marketplace.QUIET_TH,
        "timestamp": int(bench.at.timestamp()),
        "data": {"order_id": "576653688135258178", "order_status": "UNPAID"},
    }
    return _kept(bench, json.dumps(push).encode(), "stores.read_push")


def _a_push_that_was_kept(bench: Bench) -> tuple[Agency, UUID]:
    return _kept(bench, b"{}", "stores.forget_push")


def _an_import(bench: Bench, state: str = Import.State.WRITING) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        Import.objects.update(state=state)
        return bench.agency, Import.objects.get().pk


def _an_attempt(bench: Bench) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        return bench.agency, Attempt.objects.get().pk


def _a_check(bench: Bench) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        return bench.agency, Restoration.objects.get().pk


def _a_quiz(bench: Bench) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        return bench.agency, Quiz.objects.get().pk


def _a_schedule(bench: Bench) -> tuple[Agency, UUID]:
    with scope.agency(bench.agency):
        return bench.agency, Schedule.objects.order_by("-pk")[0].pk


def _an_invitation(bench: Bench) -> tuple[Agency, UUID]:
    return bench.agency, Invitation.objects.get(agency=bench.agency).pk


def _a_new_agency(bench: Bench) -> tuple[Agency, str]:
    seat = found_agency(name="Newcomer", slug="newcomer", owner=bench.owner.user, at=bench.at)
    return seat.agency, ""


def _nothing(bench: Bench) -> tuple[Agency, str]:
    return bench.agency, ""


def _deletion(bench: Bench, slug: str) -> AgencyDeletion:
    """Return a confirmed deletion, its day come, of an agency made for it."""
    agency = factories.make_agency(slug=slug)
    owner = Membership.objects.get(agency=agency)
    at = bench.at - timedelta(days=31)
    with scope.agency(agency):
        deletion = closing.ask_deletion(agency=agency, typed=agency_host(slug), by=owner, at=at)
        closing.confirm_deletion(deletion=deletion, by=None, at=at, via="command")
    return deletion


def _news_of_a_deletion(bench: Bench) -> tuple[Agency, str]:
    deletion = _deletion(bench, "in-doubt")
    owner = Membership.objects.get(agency=deletion.agency)
    return deletion.agency, f"{deletion.pk}:{owner.user_id}:confirmed"


def _a_deletion_of_today(bench: Bench) -> tuple[Agency, str]:
    deletion = _deletion(bench, "given-up")
    return deletion.agency, str(deletion.pk)


@dataclass(frozen=True)
class Case:
    prepare: Prepare
    ends: str = DONE


# In the order in which they are run: a store is connected before it is synced.
CASES: Final[Mapping[str, Case]] = MappingProxyType(
    {
        "tenants.provision": Case(_a_new_agency),
        "tenants.invitation_mail": Case(_an_invitation),
        "stores.consent_mail": Case(_a_mailing),
        "stores.exchange_code": Case(_a_code),
        "stores.ask_for_pushes": Case(_the_store),
        "stores.sync": Case(_the_store, AGAIN),
        "stores.renew_tokens": Case(_the_store, AGAIN),
        "stores.read_notice": Case(_a_mail),
        "stores.send_test_mail": Case(_a_test_mail),
        "stores.watch_mail": Case(_the_store),
        "stores.forget_code": Case(_a_forwarding),
        "stores.read_push": Case(_a_push),
        "stores.forget_push": Case(_a_push_that_was_kept),
        "stores.check_import": Case(partial(_an_import, state=Import.State.CHECKING)),
        "stores.write_import": Case(_an_import),
        "stores.forget_import": Case(_an_import),
        "scoring.next": Case(_a_rated_store, AGAIN),
        "scoring.restored": Case(_a_check),
        "scoring.quiz_lapse": Case(_a_quiz),
        "scoring.award": Case(_a_rated_store, AGAIN),
        "scoring.verify": Case(_nothing, AGAIN),
        "appeals.lapse": Case(_an_attempt, AGAIN),
        "appeals.remind": Case(_an_attempt),
        "appeals.check_points": Case(_an_attempt),
        "checklist.open_rounds": Case(_a_schedule, AGAIN),
        "tenants.closing_mail": Case(_news_of_a_deletion),
        "tenants.sweep": Case(_nothing),
        "tenants.remove": Case(_a_deletion_of_today),
    }
)


def wall_clock() -> marketplace.Clock:
    """Return a clock for the sandbox that goes as the tasks' own does."""
    return marketplace.Clock(datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1))
