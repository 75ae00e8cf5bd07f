"""Single-use refresh tokens, raced for by processes, and killed with the new ones in hand."""

from collections.abc import Callable

from tests.faults import renewals, sweeping
from tests.faults.renewals import open_door
from tests.faults.stage import running_stage

AGENCIES, STORES_EACH = 8, 7
WORKERS, RACED, ROUNDS = 8, 4, 50  # 200 expiries
KILLS = 50


def test_no_race_locks_a_store_out_and_each_killed_renewal_is_noticed(
    figure: Callable[[str, str, int], None],
) -> None:
    shops = AGENCIES * STORES_EACH
    with open_door() as door:
        settings = {"TIKTOK_AUTH_URL": door.url, "SANDBOX_MORE_SHOPS": str(shops)}
        with running_stage(agencies=AGENCIES, settings=settings) as stage:
            door.stage = stage
            stores = sweeping.connect(stage, stores_each=STORES_EACH)
            raced, unlucky = stores[:RACED], stores[-KILLS:]

            run = renewals.race(stage, raced, workers=WORKERS, rounds=ROUNDS)
            print(f"\n{run}")
            killed = renewals.kill_renewals(stage, door, unlucky)
            kills = renewals.notice(stage, unlucky, killed)
            print(f"\n{kills}")

    assert (run.expiries, run.locked_out, run.spent_again) == (RACED * ROUNDS, 0, 0)
    assert len(kills.noticed_after) == KILLS
    assert max(kills.noticed_after) <= renewals.NOTICED_WITHIN
    figure(f"D9 stores locked out, {WORKERS} processes x {run.expiries} expiries", str(run), 0)
    figure("D9 workers killed between a token's answer and its commit", str(kills), 0)
