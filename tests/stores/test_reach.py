"""What the people page is told about stores, and what a change of a seat does to them."""

from datetime import UTC, datetime

import pytest

from stores import access, reach
from stores.models import StoreAccess
from tenants import signals
from tenants.models import Agency, Membership
from tests import factories

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_change_of_a_seat_names_exactly_the_given_stores(agency: Agency) -> None:
    # given a specialist who reaches one store by name
    owner, specialist = factories.make_membership("owner"), factories.make_membership("specialist")
    old, new = factories.make_store(name="Old"), factories.make_store(name="New")
    StoreAccess.objects.create(member=specialist, store=old)

    # when
    signals.membership_changed.send(
        sender=Membership, member=specialist, store_ids=[new.pk], by=owner, at=AT
    )

    # then
    assert list(access.visible_stores(specialist)) == [new]
    assert reach.stores_by_name(specialist, []) == {new.pk: "New"}
    assert reach.holdings(owner, [specialist.pk]) == {specialist.pk: [("store", new.pk, "New")]}


def test_change_of_a_seat_leaves_stores_that_the_giver_does_not_reach(agency: Agency) -> None:
    # given two with listed stores: the giver reaches one, the other member has another
    giver = factories.make_membership("owner", all_stores=False)
    member = factories.make_membership("specialist")
    shared, hidden = factories.make_store(name="Shared"), factories.make_store(name="Hidden")
    StoreAccess.objects.create(member=giver, store=shared)
    StoreAccess.objects.create(member=member, store=hidden)

    # when
    signals.membership_changed.send(
        sender=Membership, member=member, store_ids=[shared.pk], by=giver, at=AT
    )

    # then she has both, and the giver is told of hers alone
    assert set(access.visible_stores(member)) == {shared, hidden}
    assert reach.holdings(giver, [member.pk]) == {member.pk: [("store", shared.pk, "Shared")]}


def test_stores_not_in_the_givers_reach_are_not_shared(agency: Agency) -> None:
    giver = factories.make_membership("owner", all_stores=False)
    member = factories.make_membership("specialist")
    hidden = factories.make_store(name="Hidden")

    signals.membership_changed.send(
        sender=Membership, member=member, store_ids=[hidden.pk], by=giver, at=AT
    )

    assert list(access.visible_stores(member)) == []
