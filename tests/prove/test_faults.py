"""Jobs, periods and writes while every part of the stage is killed, by seeds.

FAULT_SEEDS="3,7" replays these seeds of the jobs; one that fails is kept in tests/faults.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.faults import benches, pushes
from tests.faults.judge import Verdict
from tests.faults.stage import Stage, running_stage

SEEDS = [int(seed) for seed in os.environ.get("FAULT_SEEDS", "").split(",") if seed] or [
    *range(1, 11)
]
JOBS, FAULTS, SECONDS = 1_500, 30, 25.0
PLANNED = 33  # one that finds nothing to kill, as work has ended before it, does not count
KILLS = 20
BACK_WITHIN = 10.0  # seconds
PUSHES, PUSH_SEED = 10_000, 20261129
PUSH_ANSWERED_WITHIN = 0.2  # seconds, 99 of 100

Figure = Callable[[str, str, int], None]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with running_stage(agencies=8) as stage:
        yield stage


def test_no_job_is_lost_or_doubled_under_faults(stage: Stage, figure: Figure) -> None:
    runs = []
    for seed in SEEDS:
        run = benches.run_jobs(stage, seed, jobs=JOBS, faults=PLANNED, seconds=SECONDS)
        print(f"\n{run}")
        runs.append(run)

    wrong = {run.seed: run.verdict for run in runs if run.verdict != Verdict()}
    assert wrong == {}
    suffered = [sum(run.suffered.values()) for run in runs]
    assert min(suffered) >= FAULTS
    slowest = max(run.drained_in for run in runs)
    assert slowest <= benches.DRAINS_WITHIN
    figure(
        f"D1 jobs under {min(suffered)} to {max(suffered)} faults a seed",
        f"{len(SEEDS)} seeds x {JOBS}: 0 lost, 0 doubled, drained at most {slowest:.1f} s later",
        SEEDS[0],
    )


def test_no_acknowledged_write_is_lost_when_the_database_is_killed(
    stage: Stage, figure: Figure
) -> None:
    run = benches.crash_database(stage, "d3", kills=KILLS, pause=2)
    print(f"\n{run}")

    assert run.verdict == Verdict()
    assert [each for each in run.back_in if each is None or each > BACK_WITHIN] == []
    assert run.answers.keys() <= {"201", "503"}
    assert run.without_retry_after == 0
    figure("D3 SIGKILLs of PostgreSQL under writes", str(run), 0)


def test_no_period_is_missed_or_doubled_when_the_leading_dispatcher_is_killed(
    stage: Stage, figure: Figure
) -> None:
    run = benches.kill_dispatchers(stage, "d8", kills=KILLS, every=3, chains=8)
    print(f"\n{run}")

    assert run.verdict == Verdict()
    assert run.latest <= 15
    figure("D8 kills of the leading dispatcher", str(run), 0)


def test_every_write_is_accepted_while_valkey_is_away(stage: Stage, figure: Figure) -> None:
    run = benches.take_away(stage, "f1", "valkey", seconds=60, jobs=200)
    print(f"\n{run}")

    assert run.verdict == Verdict()
    assert (set(run.meanwhile), set(run.pages)) == ({"201"}, {"200"})
    assert run.done_after <= benches.DRAINS_WITHIN
    figure("F1 Valkey away for 60 s", str(run), 0)


def test_answers_say_come_again_while_the_database_is_away(stage: Stage, figure: Figure) -> None:
    run = benches.take_away(stage, "f2", "postgres", seconds=30)
    print(f"\n{run}")

    assert run.verdict == Verdict()
    assert set(run.meanwhile) <= {"201", "503"}
    assert run.without_retry_after == 0
    assert run.back_in is not None
    assert run.back_in <= BACK_WITHIN
    assert [name for name in run.restarted if name.startswith("web")] == []
    figure("F2 PostgreSQL away for 30 s", str(run), 0)


def test_no_request_fails_when_the_web_workers_are_replaced(stage: Stage, figure: Figure) -> None:
    run = benches.restart_web(stage, "f4", restarts=10)
    print(f"\n{run}")

    assert run.verdict == Verdict()
    assert (set(run.fresh), set(run.kept_alive), run.replaced) == ({"201"}, {"201"}, True)
    figure("F4 rolling restarts of web under writes", str(run), 0)


def test_a_job_that_kills_its_process_is_set_aside_and_holds_nobody_up(
    stage: Stage, figure: Figure
) -> None:
    run = benches.poison(stage, "f6", jobs=200)
    print(f"\n{run}")

    assert run.verdict == Verdict()
    assert (run.set_aside, run.others_in <= BACK_WITHIN) == (["f6-poison-0"], True)
    figure("F6 a job that kills its process", str(run), 0)


def test_pushes_are_kept_once_and_answered_soon_while_valkey_and_workers_are_down(
    stage: Stage, figure: Figure
) -> None:
    run = pushes.push_in(stage, count=PUSHES, rate=100, seed=PUSH_SEED)
    print(f"\n{run}")

    assert run.answers == {"200 for 200": 9_000, "401 for 401": 500, "400 for 400": 500}
    assert (run.lost, run.doubled, run.unasked, run.unread) == ([], 0, [], 0)
    assert run.differing == {}
    assert run.slowest(0.99) <= PUSH_ANSWERED_WITHIN
    figure(
        "D6 pushes, 30 % repeats, shuffled, 5 % forged, 5 % stale, Valkey and workers down",
        str(run),
        PUSH_SEED,
    )
