"""Single-use refresh tokens, raced for by workers and lost on the way."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from stores.models import Alert, Connection, Store
from stores.sandbox.app import Sandbox
from tenants import scope
from tenants.models import Agency
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import QUIET_TH, Clock
from tests.stores.test_tokens import Killed, app, clock, connected, dying, planned, race, renew

__all__ = ["app", "clock", "connected"]  # fixtures

WORKERS, EXPIRIES, KILLS = 8, 200, 50


def test_no_store_is_locked_out(
    connected: tuple[Agency, Store],
    app: Sandbox,
    clock: Clock,
    figure: Callable[[str, str, int], None],
) -> None:
    agency, store = connected

    let_in = race(agency, store, app, clock, workers=WORKERS, expiries=EXPIRIES)

    with scope.agency(agency):
        assert Connection.objects.get().state == "connected"
    assert let_in >= EXPIRIES
    figure(f"stores locked out, {WORKERS} workers x {EXPIRIES} expiries", "0", 0)


@pytest.mark.usefixtures("agency")
def test_every_kill_between_answer_and_commit_is_noticed(
    agency: Agency, app: Sandbox, clock: Clock, figure: Callable[[str, str, int], None]
) -> None:
    lead = factories.make_membership("lead")
    store = factories.make_store(market="TH")
    longest = timedelta(0)
    for _ in range(KILLS):
        marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
        killed_at = clock()
        with pytest.raises(Killed):
            renew(agency, store, dying(app, clock, Killed()), clock)
        clock.at = planned(store).due_at

        renew(agency, store, marketplace.client(app, clock), clock)

        alert = Alert.objects.get(code="connection.revoked", resolved_at=None)
        longest = max(longest, alert.opened_at - killed_at)
        clock.at += timedelta(hours=1)
    assert longest <= timedelta(seconds=60)
    figure(
        "kills between a token's answer and its commit, all noticed",
        f"{KILLS} of {KILLS}, planned after {longest.seconds} s",
        0,
    )
