"""Loads the demo agency through the same services that people use, at the moments it tells of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from allauth.account.models import EmailAddress
from django.db import transaction

from config.demo import arrivals, desks, plan, work
from config.demo.plan import Breach, Plan
from scoring import books
from scoring.core import rating as core
from scoring.models import LedgerEntry, PlatformRating
from scoring.selectors.ledgers import ledger_of, options_of
from scoring.services import ledger, rating
from stores.models import Client, Connection, Store, StoreAccess, SubAccount
from stores.services import connections, losing, readings, violations
from stores.services import stores as store_services
from tenants import scope
from tenants.models import Agency, Membership, Role, User
from tenants.provisioning import provision
from tenants.services.agencies import found_agency
from tenants.services.keys import make_key

HISTORY: Final = timedelta(days=180)
_HOURS: Final = timedelta(hours=1)


def make_person(name: str, email: str, password: str) -> User:
    """Make a user whose address counts as confirmed, or return the one there is."""
    known = User.objects.filter(email__iexact=email).first()
    if known is not None:
        return known
    user = User.objects.create_user(email, password, name=name)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def open_agency(*, name: str, slug: str, owner: User, at: datetime) -> Membership:
    """Found an agency and make its schema at once; return the owner's seat."""
    with transaction.atomic():  # a dispatcher that runs must not have the schema made once more
        member = found_agency(name=name, slug=slug, owner=owner, at=at)
    provision(member.agency, at=at)  # a worker that was quicker is waited for
    return member


def load_demo(*, password: str, at: datetime) -> dict[str, Any]:
    """Load the demo agency and return what the launcher tells of it.

    May be called again after a run that was killed: the agency is filled whole or not at all, and
    one that is filled gets a new key only.
    """
    people = [
        (make_person(name, f"{local}@{plan.SLUG}.example", password), local, role, clients)
        for name, local, role, clients in plan.PEOPLE
    ]
    known = Membership.objects.filter(agency__slug=plan.SLUG, user=people[0][0]).first()
    if known is None:
        owner = open_agency(
            name=plan.NAME, slug=plan.SLUG, owner=people[0][0], at=at - HISTORY - 24 * _HOURS
        )
    else:
        owner = known
        provision(owner.agency, at=at)
    with scope.agency(owner.agency):
        if not Store.objects.exists():
            _fill(owner, people, at)
        _row, key = make_key(
            agency=owner.agency,
            name="Demo",
            scopes=("read", "write"),
            by=owner,
            at=at,
            via="command",
        )
    return {
        "agency": plan.SLUG,
        "email": plan.OWNER_EMAIL,
        "api_key": key,
        "people": [{"email": user.email, "role": role} for user, _local, role, _reach in people],
    }


def _fill(
    owner: Membership, people: Sequence[tuple[User, str, str, Sequence[str]]], at: datetime
) -> None:
    clients = {
        name: Client.objects.create(name=name)
        for name in sorted({each.client for each in plan.STORES})
    }
    members = {"maya": owner} | {
        local: _seat(owner.agency, user, role, [clients[each] for each in reach], at - HISTORY)
        for user, local, role, reach in people[1:]
    }
    stores = [_store(each, clients[each.client], members, at) for each in plan.STORES]
    work.open_cases(members, at=at)
    desks.offer_quizzes(members, at=at)
    for each, store in zip(plan.STORES, stores, strict=True):
        # The marketplace's own number, once all that moved it has been told.
        if each.sees_platform:
            _platform_history(store, each.drift, at)
        rating.rate(store=store, at=at)
    desks.differ(members, at=at)
    work.do_rounds(members, at=at)
    arrivals.arrive(members["linh"], at=at)


def _seat(
    agency: Agency, user: User, role: str, reach: Sequence[Client], at: datetime
) -> Membership:
    with scope.public():
        member = Membership.objects.create(
            agency=agency,
            user=user,
            role=Role.objects.get(agency=agency, code=role),
            store_scope=Membership.StoreScope.LISTED if reach else Membership.StoreScope.ALL,
            joined_at=at,
        )
    StoreAccess.objects.bulk_create(StoreAccess(member=member, client=client) for client in reach)
    return member


def _store(each: Plan, client: Client, members: dict[str, Membership], at: datetime) -> Store:
    owner = members[each.owner]
    store = store_services.create_store(
        name=each.name,
        marketplace=Store.Marketplace.TIKTOK_SHOP,
        market=each.market,
        external_id=each.shop_id,
        client=client,
        owner=owner,
        by=members["maya"],
        at=at - HISTORY,
        via="command",
    )
    events: list[tuple[int, Breach | int]] = [(each_.days, each_) for each_ in each.breaches]
    events += [(days, points) for days, points in each.bonuses]
    for number, (days, event) in enumerate(sorted(events, key=lambda event: -event[0])):
        if isinstance(event, Breach):
            _breach(store, event, number, at)
        else:
            _bonus(store, event, at - timedelta(days=days))
    _readings(store, owner, at)
    _seats(store, at)
    _connect(store, each, members["maya"], at)
    return store


def _breach(store: Store, breach: Breach, number: int, at: datetime) -> None:
    reported_at = at - timedelta(days=breach.days, hours=2 + number % 3)
    is_pending = breach.state == "pending"
    violations.record_violation(
        store=store,
        facts={
            "reference": f"{store.external_id[-3:]}{breach.days:03d}{number:02d}4471",
            "rule": breach.rule,
            "points": breach.points,
            "subject": breach.subject,
            "state": breach.state,
            "reported_at": reported_at,
            "correct_by": reported_at + timedelta(hours=48) if is_pending else None,
            "appeal_by": reported_at + timedelta(days=30),
        },
        source="mail",
        at=reported_at + 1 * _HOURS,
        by=None,
        via="command",
    )


def _bonus(store: Store, points: int, occurred_at: datetime) -> None:
    book = books.library_for(store).in_force(occurred_at, occurred_at)
    if book is None:
        return  # before the market's first rulebook there is nothing to add to
    ledger.write_entry(
        store=store,
        kind=LedgerEntry.Kind.BONUS,
        points=points,
        occurred_at=occurred_at,
        note="Quiz passed",
        source="mail",
        at=occurred_at,
        by=None,
        via="command",
    )


def _platform_history(store: Store, drift: int, at: datetime) -> None:
    """Write what the daily health report told each week, and this morning."""
    rows, library, options = ledger_of(store), books.library_for(store), options_of(store)
    steps = core.history(rows, library, start=at - HISTORY, end=at, known_at=at, options=options)
    moments = [at - timedelta(days=days, hours=3) for days in (*range(175, 6, -7), 2, 1, 0)]
    seen = []
    for moment in moments:
        value = rating.value_at(steps, moment)
        if value is None or library.in_force(moment, moment) is None:
            continue
        is_recent = moment > at - timedelta(days=3)
        seen.append(
            PlatformRating(
                store=store,
                value=value + (drift if is_recent else 0),
                measure=PlatformRating.Measure.RATING,
                observed_at=moment,
                source="mail",
                recorded_at=moment,
            )
        )
    PlatformRating.objects.bulk_create(seen)


def _readings(store: Store, owner: Membership, at: datetime) -> None:
    measured = {
        "balance": Decimal("412.08"),
        "two_step": Decimal(1),
        "unusual_sign_ins": Decimal(0),
    }
    for metric, value in measured.items():
        readings.record_reading(
            store=store,
            metric=metric,
            value=value,
            measured_at=at - 4 * _HOURS,
            source="person",
            by=owner,
            at=at - 4 * _HOURS,
            via="command",
        )


def _seats(store: Store, at: datetime) -> None:
    """Write who sits inside the marketplace's own seller centre: one seat without two-step."""
    local = store.external_id[-3:]
    SubAccount.objects.bulk_create(
        [
            SubAccount(
                store=store,
                name="Operations",
                email=f"ops{local}@harbourline.example",
                platform_role="operations",
                permissions=["orders", "products"],
                two_step=True,
                last_sign_in_at=at - 9 * _HOURS,
                seen_at=at - timedelta(days=6),
            ),
            SubAccount(
                store=store,
                name="Customer care",
                email=f"care{local}@harbourline.example",
                platform_role="customer_service",
                permissions=["messages", "finance"],
                two_step=False,
                last_sign_in_at=at - timedelta(days=40),
                seen_at=at - timedelta(days=6),
            ),
        ]
    )


def _connect(store: Store, each: plan.Plan, by: Membership, at: datetime) -> None:
    """Connect the store at the sandbox, by the code that it keeps for each demo shop."""
    how = each.connection
    if how == "none":
        return
    if how == "live":
        address = connections.begin(store=store, by=by, at=at)
        (token,) = parse_qs(urlsplit(address).query)["state"]
        connections.come_back(
            marketplace=store.marketplace,
            token=token,
            code=f"demo-code-{store.external_id}",
            user=by.user,
            at=at,
        )
        return
    connection = Connection.objects.create(
        store=store,
        state=Connection.State.CONNECTED,
        shop_id=store.external_id,
        shop_name=each.shop_name,
        connected_by=by,
        connected_at=at - HISTORY,
        changed_at=at - HISTORY,
    )
    # "revoked" and "inactive" are codes of stores.problems; either way no tokens are held.
    lost_at = at - timedelta(days=3)
    losing.lose(
        connection,
        state=Connection.State.REVOKED,
        problem=how,
        at=lost_at,
        alert=how == "revoked",
    )
    if how == "inactive":
        Store.objects.filter(pk=store.pk).update(state=Store.State.INACTIVE)
