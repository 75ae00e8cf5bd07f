"""Seats: inviting, joining, changing, shutting out; nobody grants what they do not hold."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stores.models import Store, StoreAccess
from tenants import scope, tasks
from tenants.models import Agency, DueWork, Invitation, Membership, Role, User
from tenants.selectors import people as selectors
from tenants.services import people
from tenants.signals import membership_changed
from tenants.templatetags import ui
from tenants.trail.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Membership], Client]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _role(agency: Agency, code: str) -> Role:
    with scope.public():
        return Role.objects.get(agency=agency, code=code)


def _invite(by: Membership, *, email: str = "new@example.com", role: str = "lead") -> Invitation:
    return people.invite(
        email=email,
        role=_role(by.agency, role),
        store_scope=Membership.StoreScope.ALL,
        store_ids=[],
        by=by,
        at=AT,
    )


def _token_of(invitation: Invitation, *, at: datetime = AT) -> str:
    renewed = people.renew_token(invitation_id=invitation.pk, at=at)
    assert renewed
    return renewed[1]


def _accept(*, token: str, user: User, at: datetime) -> Membership:
    """Accept as the public host does: outside any scope."""
    with scope.public():
        return people.accept_invitation(token=token, user=user, at=at)


def _signed_in_publicly(user: User) -> Client:
    client = Client(headers={"host": settings.PUBLIC_HOST})
    with scope.public():
        client.force_login(user)
    factories.change_session(client, host=settings.PUBLIC_HOST)
    return client


def _actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at", "id").values_list("action", flat=True))


# Inviting and joining


def test_invited_person_gets_a_mail_and_joins(agency: Agency, client_for: ClientFor) -> None:
    # given an owner who invites by the page
    owner = factories.make_membership("owner")
    answer = client_for(owner).post(
        "/people/invite/",
        {
            "email": "Linh@Example.com",
            "role": str(_role(agency, "specialist").pk),
            "store_scope": "listed",
        },
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/people/")

    # when the mail is sent and its link opened by whoever owns the address
    work = DueWork.objects.get(agency=agency, kind="tenants.invitation_mail")
    with scope.public():
        tasks.run(agency.pk, work.pk)
    sent = mail.outbox[0]
    link = re.search(r"http://localhost:8000(/join/\S+/)", str(sent.body))
    assert link
    assert sent.to == ["linh@example.com"]
    linh = factories.make_user(email="linh@example.com", name="Linh Tran")
    browser = _signed_in_publicly(linh)
    assert "Owner" not in browser.get(link[1]).content.decode()
    joined = browser.post(link[1])

    # then she has the seat, and it stands in the trail
    assert joined.headers["Location"] == "http://harbour.localhost:8000/"
    seat = linh.memberships.get()
    assert (seat.agency, seat.role.code, seat.store_scope) == (agency, "specialist", "listed")
    assert _actions() == ["invitation.sent", "member.joined"]
    assert browser.post(link[1]).status_code == 404


def test_join_asks_a_stranger_to_sign_in_or_up(agency: Agency, public_client: Client) -> None:
    _invite(factories.make_membership("owner"))
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    token = _token_of(Invitation.objects.get(), at=timezone.now())

    page = public_client.get(f"/join/{token}/").content.decode()

    assert f"/accounts/signup/?next=/join/{token}/" in page
    assert public_client.post(f"/join/{token}/").headers["Location"].startswith("/accounts/login/")


def test_join_is_refused_for_another_address(agency: Agency) -> None:
    token = _token_of(_invite(factories.make_membership("owner"), email="linh@example.com"))
    thief = factories.make_user(email="thief@example.com")

    with pytest.raises(people.NotYourInvitation):
        _accept(token=token, user=thief, at=AT)

    assert not thief.memberships.exists()


@pytest.mark.parametrize(
    ("age", "is_good"),
    [
        pytest.param(timedelta(days=7) - timedelta(seconds=1), True, id="just in time"),
        pytest.param(timedelta(days=7), False, id="a week old"),
    ],
)
def test_invitation_is_good_for_a_week(
    agency: Agency,
    age: timedelta,
    is_good: bool,  # noqa: FBT001
) -> None:
    token = _token_of(_invite(factories.make_membership("owner"), email="linh@example.com"))
    linh = factories.make_user(email="linh@example.com")

    if is_good:
        assert _accept(token=token, user=linh, at=AT + age).user == linh
    else:
        with pytest.raises(people.InvitationGone):
            _accept(token=token, user=linh, at=AT + age)


def test_invitation_is_gone_when_taken_back(agency: Agency, client_for: ClientFor) -> None:
    owner = factories.make_membership("owner")
    invitation = _invite(owner, email="linh@example.com")
    token = _token_of(invitation)
    linh = factories.make_user(email="linh@example.com")

    client_for(owner).post(f"/people/invitations/{invitation.pk}/revoke/")

    with pytest.raises(people.InvitationGone):
        _accept(token=token, user=linh, at=AT)
    assert people.renew_token(invitation_id=invitation.pk, at=AT) is None


def test_invitation_is_gone_when_who_invited_may_no_longer(agency: Agency) -> None:
    owner = factories.make_membership("owner")
    token = _token_of(_invite(owner, email="linh@example.com", role="admin"))
    linh = factories.make_user(email="linh@example.com")
    Membership.objects.filter(pk=owner.pk).update(role=_role(agency, "lead"))

    with pytest.raises(people.InvitationGone):
        _accept(token=token, user=linh, at=AT)


def test_second_invitation_ends_the_first(agency: Agency) -> None:
    owner = factories.make_membership("owner")
    first = _invite(owner)
    second = _invite(owner)

    first.refresh_from_db()

    assert first.revoked_at == AT
    assert list(selectors.open_invitations(at=AT)) == [second]


def test_member_is_not_invited_again(agency: Agency) -> None:
    owner = factories.make_membership("owner")
    member = factories.make_membership("lead")

    with pytest.raises(people.AlreadyMember):
        _invite(owner, email=member.user.email.upper())


def test_invitation_lets_a_shut_out_member_in_again(agency: Agency) -> None:
    owner = factories.make_membership("owner")
    member = factories.make_membership("lead")
    people.set_active(member=member, is_active=False, by=owner, at=AT)
    token = _token_of(_invite(owner, email=member.user.email, role="specialist"))

    back = _accept(token=token, user=member.user, at=AT)

    assert (back.pk, back.is_active, back.role.code) == (member.pk, True, "specialist")


def test_acceptance_tells_the_rooms_above_which_stores(agency: Agency) -> None:
    # given
    heard: list[dict[str, Any]] = []

    def hear(**news: Any) -> None:
        heard.append({"stores": news["store_ids"], "in": scope.current_id()})

    owner = factories.make_membership("owner")
    store_ids = [uuid4()]
    invitation = people.invite(
        email="linh@example.com",
        role=_role(agency, "specialist"),
        store_scope=Membership.StoreScope.LISTED,
        store_ids=store_ids,
        by=owner,
        at=AT,
    )
    token = _token_of(invitation)
    linh = factories.make_user(email="linh@example.com")

    # when
    membership_changed.connect(hear)
    try:
        _accept(token=token, user=linh, at=AT)
    finally:
        membership_changed.disconnect(hear)

    # then
    assert heard == [{"stores": store_ids, "in": agency.pk}]


# What one may give


def test_nobody_grants_a_role_beyond_their_own(agency: Agency) -> None:
    # given one whose own role may invite, but not much else
    with scope.public():
        inviter = Role.objects.create(
            agency=agency,
            code="office",
            name="Office",
            capabilities=["people.view", "people.invite", "people.roles", "stores.view"],
        )
    office = factories.make_membership("owner")
    office.role = inviter
    office.save(update_fields=["role"])
    lead = factories.make_membership("lead")

    with pytest.raises(people.NotYoursToGrant):
        _invite(office, role="lead")
    with pytest.raises(people.NotYoursToGrant):
        people.set_active(member=lead, is_active=False, by=office, at=AT)


def test_nobody_grants_all_stores_who_reaches_some(agency: Agency) -> None:
    owner = factories.make_membership("owner", all_stores=False)

    with pytest.raises(people.NotYoursToGrant):
        _invite(owner, role="lead")
    with pytest.raises(people.NotYoursToGrant):
        people.invite(
            email="linh@example.com",
            role=_role(agency, "lead"),
            store_scope=Membership.StoreScope.LISTED,
            store_ids=[uuid4()],
            by=owner,
            at=AT,
        )


def test_role_of_another_agency_is_not_granted(agency: Agency, other_agency: Agency) -> None:
    owner = factories.make_membership("owner")

    with pytest.raises(people.NotYoursToGrant):
        people.invite(
            email="linh@example.com",
            role=_role(other_agency, "lead"),
            store_scope=Membership.StoreScope.ALL,
            store_ids=[],
            by=owner,
            at=AT,
        )


# Changing a seat


def test_owner_changes_role_and_stores_by_the_page(agency: Agency, client_for: ClientFor) -> None:
    owner, member = factories.make_membership("owner"), factories.make_membership("lead")
    client = factories.prove(client_for(owner))

    answer = client.post(
        f"/people/{member.pk}/seat/",
        {"role": str(_role(agency, "auditor").pk), "store_scope": "listed"},
    )

    assert answer.headers["Location"] == f"/people/{member.pk}/"
    member.refresh_from_db()
    assert (member.role.code, member.store_scope) == ("auditor", "listed")
    changed = AuditEvent.objects.get()
    assert (changed.action, changed.changes) == (
        "member.changed",
        {"role": ["lead", "auditor"], "store_scope": ["all", "listed"], "stores": 0},
    )


def test_changing_a_seat_asks_for_fresh_proof(agency: Agency, client_for: ClientFor) -> None:
    owner, member = factories.make_membership("owner"), factories.make_membership("lead")
    client = client_for(owner)
    path = f"/people/{member.pk}/seat/"

    asked = client.get(path)
    late = client.post(path, {"role": str(_role(agency, "client").pk), "store_scope": "all"})

    assert "kind=reauth" in asked.headers["Location"]
    assert "kind=reauth" in late.headers["Location"]
    member.refresh_from_db()
    assert member.role.code == "lead"


def test_owner_shuts_a_member_out_and_in_by_the_page(agency: Agency, client_for: ClientFor) -> None:
    owner, member = factories.make_membership("owner"), factories.make_membership("lead")
    client, hers = factories.prove(client_for(owner)), client_for(member)
    assert hers.get("/settings/").status_code == 200

    client.post(f"/people/{member.pk}/active/", {"active": "no"})
    assert hers.get("/settings/").status_code == 404
    client.post(f"/people/{member.pk}/active/", {"active": "yes"})

    assert hers.get("/settings/").status_code == 200
    assert _actions() == ["member.deactivated", "member.reactivated"]


def test_last_owner_stays(agency: Agency) -> None:
    # given one who may do all that owners may, by a role of the agency's own
    founder = Membership.objects.get(agency=agency, role__code="owner")
    partner = factories.make_membership("owner")
    with scope.public():
        partner.role = Role.objects.create(
            agency=agency, code="partner", name="Partner", capabilities=founder.role.capabilities
        )
        partner.save(update_fields=["role"])

    # then
    with pytest.raises(people.LastOwner):
        people.set_active(member=founder, is_active=False, by=partner, at=AT)
    with pytest.raises(people.LastOwner):
        people.change_seat(
            member=founder,
            role=_role(agency, "lead"),
            store_scope=Membership.StoreScope.ALL,
            store_ids=[],
            by=partner,
            at=AT,
        )


def test_admin_reaches_no_owner(agency: Agency) -> None:
    admin = factories.make_membership("admin")
    owner = factories.make_membership("owner")

    with pytest.raises(people.NotYoursToGrant):
        people.set_active(member=owner, is_active=False, by=admin, at=AT)


def test_nobody_changes_their_own_seat(agency: Agency) -> None:
    owner = factories.make_membership("owner")

    with pytest.raises(people.NotYourself):
        people.set_active(member=owner, is_active=False, by=owner, at=AT)


# The pages


@pytest.mark.parametrize("role", ["specialist", "client"])
def test_people_is_not_for_every_role(agency: Agency, client_for: ClientFor, role: str) -> None:
    client = client_for(factories.make_membership(role))

    assert client.get("/people/").status_code == 403
    assert client.get("/people/invite/").status_code == 403
    assert client.get("/audit/").status_code == 403
    assert client.get("/settings/").status_code == 200


def test_lead_sees_people_and_may_not_change_them(agency: Agency, client_for: ClientFor) -> None:
    member = factories.make_membership("lead")
    client = client_for(member)

    page = client.get("/people/")

    assert page.status_code == 200
    assert "/people/invite/" not in page.content.decode()
    assert client.get("/people/invite/").status_code == 403
    assert client.get(f"/people/{member.pk}/seat/").status_code == 403
    assert client.post(f"/people/{member.pk}/active/").status_code == 403


def test_people_shows_only_this_agencys(
    agency: Agency, other_agency: Agency, client_for: ClientFor
) -> None:
    # given somebody with a telling name in the other agency, and an invitation there
    stranger = factories.make_membership(
        "owner", agency=other_agency, user=factories.make_user(name="Wilhelmina Elsewhere")
    )
    with scope.agency(other_agency):
        foreign = _invite(stranger, email="foreign@example.com")
    client = factories.prove(client_for(factories.make_membership("owner")))

    page = client.get("/people/").content.decode()

    assert "Wilhelmina" not in page
    assert "foreign@example.com" not in page
    assert client.get(f"/people/{stranger.pk}/").status_code == 404
    assert client.get(f"/people/{stranger.pk}/seat/").status_code == 404
    assert client.post(f"/people/{stranger.pk}/active/").status_code == 404
    assert client.post(f"/people/invitations/{foreign.pk}/revoke/").status_code == 404
    assert client.get(f"/audit/?member={stranger.pk}").content.decode().count("<tr>") == 0


def _queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_people_takes_as_many_queries_for_three_members_as_for_one(
    agency: Agency, client_for: ClientFor
) -> None:
    owner = factories.make_membership("owner")
    client = client_for(owner)
    factories.make_membership("specialist")
    _invite(owner, email="a@example.com")
    for_one = _queries(client, "/people/")

    for email in ("b@example.com", "c@example.com"):
        factories.make_membership("specialist")
        _invite(owner, email=email)

    assert _queries(client, "/people/") == for_one


def test_audit_takes_as_many_queries_for_three_rows_as_for_one(
    agency: Agency, client_for: ClientFor
) -> None:
    owner = factories.make_membership("owner")
    client = client_for(owner)
    _invite(owner, email="a@example.com")
    for_one = _queries(client, "/audit/")

    _invite(factories.make_membership("owner"), email="b@example.com")
    _invite(factories.make_membership("owner"), email="c@example.com")

    assert _queries(client, "/audit/") == for_one


ODD = [
    pytest.param({}, id="nothing"),
    pytest.param({"email": "x" * 100_000, "role": "y" * 100_000}, id="huge"),
    pytest.param({"email": "a@example.com\r\nBcc: b@example.com", "role": "1"}, id="header"),
    pytest.param({"email": "<script>@example.com", "role": "' OR 1=1 --"}, id="markup"),
    pytest.param({"email": "a\x00@example.com", "role": "\x00"}, id="null bytes"),
    pytest.param({"email": "a@example.com", "role": str(UUID(int=0)), "stores": "z"}, id="unknown"),
]


@pytest.mark.parametrize("sent", ODD)
def test_odd_invitation_is_refused_with_words(
    agency: Agency, client_for: ClientFor, sent: dict[str, str]
) -> None:
    answer = client_for(factories.make_membership("owner")).post("/people/invite/", sent)

    assert answer.status_code == 422
    assert "field__errors" in answer.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/people/not-a-uuid/",
        "/people/%00/",
        "/people/01a1b2c3-0000-7000-8000-000000000000/",
        "/audit/?after=yesterday",
        "/audit/?after=2026-01-01T00:00:00+00:00_x",
        "/audit/?member=%00",
        "/join/x/",
    ],
)
def test_odd_address_is_not_found(agency: Agency, client_for: ClientFor, path: str) -> None:
    assert client_for(factories.make_membership("owner")).get(path).status_code == 404


# Only these stores, and none of them


def test_invitation_to_none_of_the_stores_is_refused(agency: Agency, client_for: ClientFor) -> None:
    store = factories.make_store()
    client = client_for(factories.make_membership("owner"))
    sent = {
        "email": "linh@example.com",
        "role": str(_role(agency, "specialist").pk),
        "store_scope": "listed",
    }

    refused = client.post("/people/invite/", sent)
    taken = client.post("/people/invite/", {**sent, "stores": [str(store.pk)]})

    assert (refused.status_code, taken.status_code) == (422, 302)
    assert "Choose at least one store." in refused.content.decode()
    assert [invitation.store_ids for invitation in Invitation.objects.all()] == [[store.pk]]


def test_seat_of_no_store_is_refused_unless_a_group_is_shared(
    agency: Agency, client_for: ClientFor
) -> None:
    # given
    store = factories.make_store()
    owner, member = factories.make_membership("owner"), factories.make_membership("specialist")
    sent = {"role": str(_role(agency, "specialist").pk), "store_scope": "listed"}
    client, path = factories.prove(client_for(owner)), f"/people/{member.pk}/seat/"

    # when
    refused = client.post(path, sent)
    StoreAccess.objects.create(member=member, group=factories.make_group(stores=[store]))
    taken = client.post(path, sent)

    # then
    assert "Choose at least one store." in refused.content.decode()
    assert (refused.status_code, taken.status_code) == (422, 302)


@pytest.mark.parametrize("sent", ["zzz", "x" * 5_000, "00000000-0000-7000-8000-000000000000"])
def test_a_choice_that_is_none_is_refused_in_plain_words(
    agency: Agency, client_for: ClientFor, sent: str
) -> None:
    # given
    store = factories.make_store(name="Juniper")
    client = client_for(factories.make_membership("owner"))
    known = {"name": "Fern", "marketplace": "tiktok_shop", "market": "US", "seller_type": "local"}

    # when it is sent for one of a list, for several, for a code and for a row
    answers = [
        client.post("/stores/new/", {**known, name: sent})
        for name in ("market", "client", "groups", "owner")
    ]
    answers.append(client.post("/people/invite/", {"role": sent, "stores": [sent]}))

    # then
    for answer in answers:
        page = answer.content.decode()
        errors = " ".join(re.findall(r'<ul class="field__errors".*?</ul>', page, re.DOTALL))
        assert "Choose one of the list." in errors
        assert "UUID" not in errors
        assert sent not in errors
    assert list(Store.objects.all()) == [store]


def test_an_address_breaks_at_its_at_and_dots_only() -> None:
    said = ui.mail("maya.chen@harbourline.example")

    assert said == "maya<wbr>.chen@<wbr>harbourline<wbr>.example"
    assert ui.mail("<b>@x") == "&lt;b&gt;@<wbr>x"
