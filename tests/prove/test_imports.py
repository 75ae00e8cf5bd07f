"""Files at their largest and at their worst: 100,000 rows under kills, and broken ones by seed."""

from collections.abc import Callable

from stores.models import Order
from stores.sheets import limits
from tenants.models import Agency
from tests import factories
from tests.faults.bringing import bring
from tests.faults.stage import running_stage
from tests.stores.files.test_broken import judge

ROWS, SEED = 100_000, 20261130
BROKEN = 348  # each way twelve times

Figure = Callable[[str, str, int], None]


def test_hundred_thousand_rows_are_written_whole_whatever_dies(figure: Figure) -> None:
    with running_stage(agencies=1) as stage:
        run = bring(stage, rows=ROWS, kills_by_time=1)
    print(f"\n{run}")

    assert (run.written, run.left_in_staging) == (ROWS, 0)
    assert run.orders_seen == {0, ROWS}
    figure("a file of orders while workers are killed", str(run), SEED)


def test_broken_files_end_no_process_and_are_answered_by_place(
    agency: Agency, figure: Figure
) -> None:
    store, by = factories.make_store(market="US"), factories.make_membership()

    found = judge(SEED, BROKEN, store, by)

    assert (sum(found.ends.values()), found.unnamed) == (BROKEN, [])
    assert found.peak * 1024 <= limits.MEMORY
    assert not Order.objects.exists()
    ends = ", ".join(f"{count} {end}" for end, count in sorted(found.ends.items()))
    figure(
        f"broken files of {BROKEN}",
        f"0 crashes, {ends}, reader at most {found.peak // 1024} MiB",
        SEED,
    )
