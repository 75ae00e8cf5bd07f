"""The bench with small counts: one of each fault at once, under jobs, periods and writes.

`make prove` runs the same with the large ones. A seed that failed there is kept here, in SEEDS.
"""

from collections import Counter

import pytest

from tests.faults import benches, judge, load, pushes, renewals, schedule, sweeping
from tests.faults.journal import Journal, Told
from tests.faults.judge import Verdict
from tests.faults.renewals import Door
from tests.faults.schedule import Kind
from tests.faults.stage import Stage

SEEDS = (20261129,)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_or_doubled_while_every_part_is_killed_once(
    stage: Stage, seed: int
) -> None:
    # given jobs, periods and writes under way
    benches.await_whole(stage)
    with load.writing(stage, f"writes{seed}", clients=2) as writing:
        # when each part dies
        run = benches.run_jobs(stage, seed, jobs=60, faults=len(Kind), seconds=5)

    # then all that was acknowledged is there once
    assert run.verdict == Verdict(), run
    assert (run.kept, run.suffered) == (60, dict.fromkeys(Kind, 1))
    assert run.drained_in <= benches.DRAINS_WITHIN
    assert judge.judge_writes(stage, f"writes{seed}", writing.told()) == Verdict()
    assert writing.counted().keys() <= {"201", "503"}, writing.answers
    assert len(writing.told().kept) > len(stage.agencies)


@pytest.mark.slow
def test_pushes_are_kept_once_and_read_as_in_order_after_valkey_and_workers_were_down(
    stage: Stage,
) -> None:
    run = pushes.push_in(stage, count=400, rate=100, seed=20261129)

    assert run.answers == {"200 for 200": 360, "401 for 401": 20, "400 for 400": 20}
    assert (run.lost, run.doubled, run.unasked, run.unread) == ([], 0, [], 0)
    assert run.differing == {}


@pytest.mark.slow
def test_no_race_locks_a_store_out_and_a_killed_renewal_is_noticed(
    stage: Stage, door: Door
) -> None:
    # given a worker that was killed with the new tokens in hand
    benches.await_whole(stage)
    unlucky, *others = sweeping.connect(stage, stores_each=2)
    killed = renewals.kill_renewals(stage, door, [unlucky])

    # when processes race for the tokens of the others meanwhile
    run = renewals.race(stage, others, workers=4, rounds=2)

    # then
    assert (run.locked_out, run.spent_again) == (0, 0)
    assert run.let_in >= run.expiries == 2 * len(others)
    noticed = renewals.notice(stage, [unlucky], killed)
    assert [after <= renewals.NOTICED_WITHIN for after in noticed.noticed_after] == [True]


@pytest.mark.slow
def test_the_judge_finds_what_is_lost_doubled_and_unasked(stage: Stage) -> None:
    # given effects of two jobs, one of them twice, and a journal that knows another
    (schema, *_others) = [place.schema for place in stage.agencies]
    for job in ("told-a", "told-a", "told-b"):
        insert = f"INSERT INTO {schema}.fault_effect (job, due_at) VALUES (%s, now())"  # noqa: S608
        stage.execute(insert, job)
    with Journal(stage.folder / "told.journal") as kept:
        for name in ("told-a", "told-c"):
            kept.try_(name)
            kept.keep(name)
        told = kept.told()

    # then
    assert told == Told(tried=frozenset({"told-a", "told-c"}), kept=frozenset({"told-a", "told-c"}))
    assert judge.judge_jobs(stage, "told", told) == Verdict(
        lost=["told-c"], doubled=["told-a"], unasked=["told-b"]
    )


def test_a_schedule_is_the_same_for_the_same_seed_and_has_every_kind() -> None:
    planned = schedule.faults(3, count=30, seconds=25)

    assert (
        planned
        == schedule.faults(3, count=30, seconds=25)
        != schedule.faults(4, count=30, seconds=25)
    )
    assert set(Counter(fault.kind for fault in planned)) == set(Kind)
    assert [fault.at for fault in planned] == sorted(fault.at for fault in planned)
    assert all(0 <= fault.at <= 25 for fault in planned)
