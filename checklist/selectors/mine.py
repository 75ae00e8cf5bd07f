"""Whose work a round is."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from checklist.models import Assignee, Round
from stores.models import Store, StoreAccess, StoreGrouping
from tenants.models import Membership

_A_DAY: Final = timedelta(days=1)


def stores_of_team(member: Membership) -> QuerySet[Store]:
    """Return the stores in whose team ``member`` is.

    The team is whoever is listed for the store, its group or client and may tick, and the store's
    owner. Without any, it is every member who sees all stores and may tick: no store is left out.
    """
    if not member.can("checks.tick"):
        return Store.objects.none()
    hers = StoreAccess.objects.filter(member=member)
    grouped = StoreGrouping.objects.filter(
        group__in=hers.filter(group__isnull=False).values("group")
    ).values("store")
    team = (
        Q(owner=member)
        | Q(pk__in=hers.filter(store__isnull=False).values("store"))
        | Q(client__in=hers.filter(client__isnull=False).values("client"))
        | Q(pk__in=grouped)
    )
    if member.sees_all_stores:
        able = StoreAccess.objects.filter(
            member__is_active=True, member__role__capabilities__contains=["checks.tick"]
        )
        team |= (
            Q(owner=None)
            & Q(~Exists(able.filter(store=OuterRef("pk"))))
            & Q(~Exists(able.filter(client=OuterRef("client"))))
            & Q(~Exists(able.filter(group__groupings__store=OuterRef("pk"))))
        )
    return Store.objects.filter(team)


def mine(rounds: QuerySet[Round], member: Membership) -> QuerySet[Round]:
    """Return those of ``rounds`` that are ``member``'s work: by name, by role, or by team."""
    return rounds.filter(
        Q(assignee=Assignee.MEMBER, member=member)
        | Q(assignee=Assignee.ROLE, role=member.role_id)
        | Q(assignee=Assignee.TEAM, store__in=stores_of_team(member).values("pk"))
    )


def has_work(rounds: QuerySet[Round], member: Membership, *, at: datetime) -> bool:
    """Tell whether one of ``rounds`` that is open, or opened within a day, is ``member``'s."""
    lately = rounds.filter(Q(state=Round.State.OPEN) | Q(opens_at__gt=at - _A_DAY))
    return mine(lately, member).exists()
