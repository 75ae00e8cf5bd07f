"""Each page and each kind of due work as the running server does it: without a test's transaction.

Other tests roll back what they write, so that a transaction is always open in them; there a page
or a task that forgets to enter its agency's scope would not be noticed.
"""

from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from stores.marketplaces import registry
from tenants import due, scope, tasks
from tenants.models import Agency, DueWork
from tests import factories
from tests.api.calls import make_api_key
from tests.stores import marketplace
from tests.tenants.probes import campaign, dues, routes, sides
from tests.tenants.probes.kinds import Scene, own

SEED = 20261129

# What a page answers its own agency's owner who asks for it as it is; else 200 with a canary.
ANSWERS = {
    "agency /handoff/": "403",  # there is no pass
    "agency /stores/{pk}/connect/shop/": "302",  # no shop waits to be chosen
    "agency /quizzes/new/": "302",  # no store is chosen
    "agency /stores/{pk}/progress/": "200, nothing of hers",
    "agency /api/v1/stores/{pk}/rating/": "200, nothing of hers",
    "agency /api/v1/stores/{pk}/platform-ratings/": "200, nothing of hers",
    "agency /api/v1/changes/": "200, nothing of hers",  # nothing changed since yesterday
    "agency /api/v1/drift/": "200, nothing of hers",
    "agency /api/v1/stores/{pk}/drift/": "200, nothing of hers",
    "agency /api/v1/stores/{pk}/forecast/": "200, nothing of hers",
    "agency /api/v1/roll-offs/": "200, nothing of hers",
    # Its key was made by nobody, and the file was brought in by the owner.
    "agency /api/v1/imports/": "200, nothing of hers",
    "agency /api/v1/imports/{pk}/": "404",
    "public /api/v1/imports/": "200, nothing of hers",
    "public /api/v1/imports/{pk}/": "404",
    "agency /api/v1/rulebooks/": "200, nothing of hers",
    "agency /api/v1/rulebooks/{name}/": "200, nothing of hers",
    "agency /api/v1/rulebooks/{name}/difference/": "400",  # with what it is not said
    "agency /api/schema/": "200, nothing of hers",
    "agency /api/docs/": "200, nothing of hers",
    "public /api/v1/stores/{pk}/rating/": "200, nothing of hers",
    "public /api/v1/stores/{pk}/platform-ratings/": "200, nothing of hers",
    "public /api/v1/changes/": "200, nothing of hers",
    "public /api/v1/drift/": "200, nothing of hers",
    "public /api/v1/stores/{pk}/drift/": "200, nothing of hers",
    "public /api/v1/stores/{pk}/forecast/": "200, nothing of hers",
    "public /api/v1/roll-offs/": "200, nothing of hers",
    "public /api/v1/rulebooks/": "200, nothing of hers",
    "public /api/v1/rulebooks/{name}/": "200, nothing of hers",
    "public /api/v1/rulebooks/{name}/difference/": "400",  # with what it is not said
    "public /api/schema/": "200, nothing of hers",
    "public /api/docs/": "200, nothing of hers",
    "public /agencies/{slug}/preparing/": "302",
    "public /enter/{slug}/": "302",
    "public /consent/{token}/": "404",  # an id is no token
    "public /join/{token}/": "404",
    "public /dev/mail/": "200, nothing of hers",
    "public /dev/mail/{name}/": "404",
    "public /healthz": "200, nothing of hers",
    "public /readyz": "200, nothing of hers",
    "public /metrics": "404",  # there is no token
    "public /oauth/{marketplace}/callback": "400",  # there is no pass
    # What allauth shows to people who have not signed in, or have no second step yet.
    "public /accounts/login/": "302",
    "public /accounts/signup/": "302",
    "public /accounts/password/set/": "302",
    "public /accounts/login/code/confirm/": "302",
    "public /accounts/2fa/authenticate/": "302",
    "public /accounts/2fa/totp/activate/": "302",
    "public /accounts/2fa/totp/deactivate/": "302",
    "public /accounts/2fa/recovery-codes/": "404",
    "public /accounts/2fa/recovery-codes/generate/": "302",
    "public /accounts/2fa/recovery-codes/download/": "404",
}


@pytest.mark.usefixtures("committed")
def test_every_page_answers_its_own_agencys_owner() -> None:
    # given
    rng = sides.dice(SEED)
    reader, other = sides.make_sides(2, rng)

    # when each address is asked that can be looked at
    told = {}
    for route in routes.all_routes():
        with campaign.listening() as ear:
            answer = campaign.send(own(Scene(route, "GET", reader, other, rng)), rng)
        shown = campaign.seen(answer, ear, {reader.canary, other.canary})
        told[str(route)] = str(answer.status_code)
        if answer.status_code == 200 and shown != {reader.canary}:
            told[str(route)] += ", nothing of hers" if not shown else f", {shown}"

    # then the others are those that are only sent to
    sent_to = {str(route): "405" for route in routes.all_routes() if _is_sent_to(route)}
    assert {name: status for name, status in told.items() if status != "200"} == sent_to | ANSWERS


def _is_sent_to(route: routes.Route) -> bool:
    return "GET" not in routes.methods_of(route)


@pytest.mark.usefixtures("committed")
def test_every_kind_of_due_work_is_done(settings: Settings) -> None:
    # given
    settings.TIKTOK_SHOP = marketplace.APP
    clock = dues.wall_clock()
    app = marketplace.sandbox(clock)
    agency = Agency.objects.get(slug="harbour")
    sides.make_side(agency, sides.dice(SEED))
    bench = dues.make_bench(agency, app, clock)

    # when each is done as a worker does it
    ended = {}
    with registry.transport_in_use(httpx.WSGITransport(app=app)):
        for kind, case in dues.CASES.items():
            whose, subject = case.prepare(bench)
            row = _claimed(whose, kind, str(subject))
            tasks.run(whose.pk, row.pk)
            row.refresh_from_db()
            is_done = row.done_at is not None
            ended[kind] = row.last_error or (dues.DONE if is_done else dues.AGAIN)

    # then
    assert ended == {kind: case.ends for kind, case in dues.CASES.items()}


def _claimed(agency: Agency, kind: str, subject: str) -> DueWork:
    at = timezone.now()
    claim = {"due_at": at, "claimed_until": at + timedelta(minutes=2), "done_at": None}
    row, _made = DueWork.objects.update_or_create(
        agency=agency, kind=kind, subject=subject, period="", defaults=claim
    )
    return row


def test_every_kind_of_due_work_has_a_case() -> None:
    kinds = {kind for kind in due._kinds if not kind.startswith("test.")}

    assert kinds == set(dues.CASES)


class _Body(BytesIO):
    """A body that notes, whenever a part of it is read, whether a transaction is open by then."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self.was_open = list[bool]()

    def read(self, size: int | None = -1, /) -> bytes:
        self.was_open.append(connection.in_atomic_block)
        return super().read(size)


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("door", ["a member's page", "the API"])
def test_a_body_is_read_whole_before_the_transaction_opens(door: str) -> None:
    # given
    agency = Agency.objects.get(slug="harbour")
    raw = b"name=" + b"x" * 100_000
    body = _Body(raw)
    with scope.agency(agency):
        member = factories.make_membership("owner", agency=agency)
        key = make_api_key(agency)
    client = factories.signed_in_client(member)
    path = "/settings/agency/"
    if door == "the API":
        client = Client(headers={"host": factories.PUBLIC_HOST, "authorization": f"Bearer {key}"})
        path = "/api/v1/stores/"

    # when
    sent: dict[str, Any] = {"CONTENT_LENGTH": str(len(raw)), "wsgi.input": body}
    answer = client.post(path, content_type="application/x-www-form-urlencoded", **sent)

    # then it was read, and no lock waited for it
    assert answer.status_code in {415, 422}
    assert (len(body.was_open) > 0, any(body.was_open)) == (True, False)
