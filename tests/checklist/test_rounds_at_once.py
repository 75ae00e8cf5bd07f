"""What sweeps and new stores do to each other when they come at once."""

import threading
from datetime import UTC, datetime

from django.db import connection

from checklist.models import Round
from checklist.services import rounds
from tenants import scope
from tenants.models import Agency
from tests import factories

MORNING = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)  # 08:30 in Saigon; a round is open


def test_a_sweep_under_way_holds_no_new_store_up(committed: None) -> None:
    # given a sweep that has begun and not ended
    agency = Agency.objects.get(slug="harbour")
    with scope.agency(agency):
        schedule = factories.make_schedule(
            factories.make_item().procedure, opened_until=MORNING.replace(hour=0)
        )
    has_swept, may_end = threading.Event(), threading.Event()

    def sweep() -> None:
        with scope.agency(agency):
            rounds.sweep(schedule_id=schedule.pk, at=MORNING)
            has_swept.set()
            may_end.wait(30)
        connection.close()

    thread = threading.Thread(target=sweep)
    thread.start()
    assert has_swept.wait(30)

    # when a store comes meanwhile, then its round is open at once
    try:
        with scope.agency(agency):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            store = factories.make_store(market="VN")
            rounds.hear_of_store(store=store, at=MORNING)
            assert Round.objects.filter(schedule=schedule, store=store).count() == 1
    finally:
        may_end.set()
        thread.join()
