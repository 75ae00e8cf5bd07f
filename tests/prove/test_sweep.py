"""A sweep of many sandbox stores by the workers as they run, each call taking 50 ms."""

from collections.abc import Callable

from tests.faults import sweeping
from tests.faults.stage import running_stage

AGENCIES, STORES_EACH, DELAY_MS, WORKERS = 50, 20, 50, 6
MOST_UNFAIR = 1.5


def test_a_sweep_is_fair_and_leaves_nobody_out(figure: Callable[[str, str, int], None]) -> None:
    stores = AGENCIES * STORES_EACH
    settings = {
        "SANDBOX_MORE_SHOPS": str(stores),
        "SANDBOX_DELAY_MS": str(DELAY_MS),
        "WORKERS": str(WORKERS),
    }
    with running_stage(agencies=AGENCIES, settings=settings) as stage:
        sweeping.connect(stage, stores_each=STORES_EACH)

        swept = sweeping.sweep(stage, stores=stores)

    print(f"\n{swept}")
    assert (swept.failed, swept.skipped) == (0, 0)
    assert swept.unfairness <= MOST_UNFAIR
    figure(
        f"sweep of {AGENCIES} agencies x {STORES_EACH} sandbox stores, {DELAY_MS} ms a call,"
        f" {WORKERS} processes for syncs",
        str(swept),
        0,
    )
