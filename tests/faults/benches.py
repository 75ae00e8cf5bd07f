"""The runs: each brings its faults about on a stage and returns what was seen.

One function serves `make test` with small counts and `make prove` with large ones.
"""

import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Final

from config.launcher import bootstrap, processes
from tests.faults import journal, judge, load, schedule
from tests.faults.jobs.kinds import BEAT, POISON, WHOLE, beat_of
from tests.faults.journal import Told
from tests.faults.judge import Verdict
from tests.faults.stage import Stage

DRAINS_WITHIN: Final = 30.0  # seconds; the promise
_GIVES_UP_AFTER: Final = 150.0


@dataclass(frozen=True)
class JobsRun:
    """What a run of jobs under faults came to."""

    seed: int
    verdict: Verdict
    kept: int
    suffered: dict[str, int]
    drained_in: float  # seconds since the last fault and the last asking

    def __str__(self) -> str:
        wrong = self.verdict.counted()
        return (
            f"seed {self.seed}: {self.kept} jobs, {sum(self.suffered.values())} faults,"
            f" drained in {self.drained_in:.1f} s, {wrong}"
        )


def run_jobs(
    stage: Stage, seed: int, *, jobs: int, faults: int, seconds: float, chains: int = 1
) -> JobsRun:
    """Have ``jobs`` asked for over ``seconds`` while ``faults`` happen, and wait for the end.

    So many ``chains`` of periods, one a second, go on beside them.
    """
    prefix = f"jobs{seed}"
    await_whole(stage)
    planned = schedule.faults(seed, count=faults, seconds=seconds)
    suffered: Counter[str] = Counter()
    asking = [sys.executable, "-m", "tests.faults.steady"]
    with subprocess.Popen(
        [*asking, str(stage.folder), prefix, *map(str, (jobs, seconds, chains, int(seconds)))],
        cwd=bootstrap.ROOT,
        env=stage.env,
        stdout=subprocess.DEVNULL,
    ) as asker:
        path = stage.folder / f"{prefix}.journal"
        processes.wait_until(path.exists, 30)
        began = time.monotonic()
        for fault in planned:
            time.sleep(max(0.0, began + fault.at - time.monotonic()))
            # What is down already is hit as soon as it is up again: every fault counts.
            if processes.wait_until(partial(stage.suffer, fault), 20, pause=0.1):
                suffered[fault.kind] += 1
        assert asker.wait(timeout=_GIVES_UP_AFTER) == 0
    last = time.monotonic()
    await_work(stage, prefix)
    drained_in = time.monotonic() - last
    told = journal.read(path)
    return JobsRun(
        seed=seed,
        verdict=judge.both(
            judge.judge_jobs(stage, prefix, told),
            judge.judge_beats(stage, prefix, chains, int(seconds)),
        ),
        kept=len(told.kept),
        suffered=dict(suffered),
        drained_in=drained_in,
    )


def await_whole(stage: Stage) -> None:
    """Wait until every process of the stage is up."""
    assert processes.wait_until(stage.is_whole, 60, pause=0.1), stage.pids()


@dataclass(frozen=True)
class CrashRun:
    """What a run of database crashes under writes came to."""

    verdict: Verdict
    kept: int
    answers: dict[str, int]
    back_in: list[float | None]  # seconds from each kill to the first success since
    without_retry_after: int  # answers of 503 that do not say when to come again

    def __str__(self) -> str:
        wrong = self.verdict.counted()
        slowest = max((each for each in self.back_in if each is not None), default=None)
        return (
            f"{len(self.back_in)} kills, {self.kept} writes kept, {wrong},"
            f" first success at most {slowest} s later, answers {self.answers}"
        )


def crash_database(stage: Stage, name: str, *, kills: int, pause: float) -> CrashRun:
    """Kill the postmaster so many times, ``pause`` seconds after writes came back each time."""
    await_whole(stage)
    killed_at = []
    with load.writing(stage, name) as writing:
        processes.wait_until(lambda: bool(writing.told().kept), 20)
        for _ in range(kills):
            time.sleep(pause)
            processes.wait_until(partial(stage.kill, "postgres"), 20)
            killed = time.monotonic()
            killed_at.append(killed)
            processes.wait_until(partial(writing.is_back_since, killed), 30)
    return CrashRun(
        verdict=judge.judge_writes(stage, name, writing.told()),
        kept=len(writing.told().kept),
        answers=writing.counted(),
        back_in=[writing.first_success_after(moment) for moment in killed_at],
        without_retry_after=writing.without_retry_after(),
    )


@dataclass(frozen=True)
class BeatRun:
    """What chains of periods came to while dispatchers died."""

    verdict: Verdict
    periods: int
    kills: int
    latest: float  # seconds that a period began after its moment, at most

    def __str__(self) -> str:
        wrong = self.verdict.counted()
        return f"{self.kills} kills, {self.periods} periods, {wrong}, latest {self.latest:.1f} s"


def kill_dispatchers(stage: Stage, name: str, *, kills: int, every: float, chains: int) -> BeatRun:
    """Kill the leading dispatcher again and again while ``chains`` go on period by period.

    It leads who has run longest: it has claimed most of what is under way.
    """
    await_whole(stage)
    last = int(kills * every)
    prefix, began = f"beat{name}", time.monotonic()
    _ask(stage, BEAT, [beat_of(prefix, chain, last) for chain in range(chains)], "0")
    born = {each: 0.0 for each in stage.pids() if each.startswith("dispatcher-")}
    killed = 0
    while killed < kills:
        time.sleep(every)
        leader = min(born, key=lambda each: born[each])
        if processes.wait_until(partial(stage.kill, leader), 20):
            killed += 1
            born[leader] = time.monotonic()
    await_work(stage, prefix)
    found = judge.effects(stage, prefix)
    assert time.monotonic() - began >= last
    return BeatRun(
        verdict=judge.judge_beats(stage, prefix, chains, last),
        periods=chains * (last + 1),
        kills=killed,
        latest=max((at - due_at).total_seconds() for _job, due_at, at in found),
    )


def _ask(stage: Stage, kind: str, subjects: list[str], period: str = "") -> None:
    """Ask for one piece of work a subject, the agencies in turns."""
    stage.run("asking", str(stage.folder), kind, period, *subjects)


@dataclass(frozen=True)
class AwayRun:
    """What clients saw while a server was away and after it came back."""

    verdict: Verdict
    meanwhile: dict[str, int]  # answers of writes
    pages: dict[str, int]  # answers of the sign-in page
    without_retry_after: int
    slowest: float  # seconds, among the answers meanwhile
    back_in: float | None
    restarted: list[str]  # programs that are another process than before
    done_after: float = 0.0  # seconds until the work asked for meanwhile was done

    def __str__(self) -> str:
        return (
            f"writes {self.meanwhile}, sign-in page {self.pages}, slowest {self.slowest:.1f} s,"
            f" back in {self.back_in} s, work done {self.done_after:.1f} s after"
        )


def take_away(stage: Stage, name: str, server: str, *, seconds: float, jobs: int = 0) -> AwayRun:
    """Take a server away for so long, with writes, sign-ins and due work going on."""
    await_whole(stage)
    before = stage.pids()
    pages: Counter[str] = Counter()
    with load.writing(stage, name) as writing:
        processes.wait_until(lambda: bool(writing.told().kept), 20)
        with stage.without(server):
            gone_at = time.monotonic()
            if jobs:
                _ask(stage, WHOLE, [f"{name}-{number}" for number in range(jobs)])
            while time.monotonic() - gone_at < seconds:
                pages[load.sign_in_page(stage)] += 1
                time.sleep(0.5)
        back_at = time.monotonic()
        processes.wait_until(partial(writing.is_back_since, back_at), 60)
        await_work(stage, name)
        done_after = time.monotonic() - back_at
    meanwhile = [each for each in writing.answers if gone_at <= each.began < back_at]
    verdicts = [judge.judge_writes(stage, name, writing.told())]
    if jobs:
        asked = frozenset(f"{name}-{number}" for number in range(jobs))
        verdicts.append(judge.judge_jobs(stage, name, Told(tried=asked, kept=asked)))
    return AwayRun(
        verdict=judge.both(*verdicts),
        meanwhile=dict(Counter(each.what for each in meanwhile)),
        pages=dict(pages),
        without_retry_after=writing.without_retry_after(),
        slowest=max((each.ended - each.began for each in meanwhile), default=0.0),
        back_in=writing.first_success_after(back_at),
        restarted=sorted(name for name, pid in stage.pids().items() if pid != before[name]),
        done_after=done_after,
    )


@dataclass(frozen=True)
class RollingRun:
    """What clients saw while the web workers were replaced."""

    verdict: Verdict
    restarts: int
    fresh: dict[str, int]  # answers on connections made for one write each
    kept_alive: dict[str, int]  # answers on connections kept open
    replaced: bool  # no worker of the start is left

    def __str__(self) -> str:
        return f"{self.restarts} restarts, fresh {self.fresh}, kept alive {self.kept_alive}"


def restart_web(stage: Stage, name: str, *, restarts: int) -> RollingRun:
    """Have the web process replace its workers, again and again, under writes."""
    await_whole(stage)
    leader = stage.pid("web-1")
    assert leader
    first = set(processes.group_members(leader)) - {leader}
    with (
        load.writing(stage, f"{name}-fresh", clients=4) as fresh,
        load.writing(stage, f"{name}-kept", clients=4, keep_alive=True) as kept,
    ):
        processes.wait_until(lambda: bool(fresh.answers and kept.answers), 20)
        for _ in range(restarts):
            old = set(processes.group_members(leader)) - {leader}
            stage.kill("web-1", signal.SIGHUP)
            processes.wait_until(partial(_are_gone, old), 60, pause=0.2)
            time.sleep(0.5)
    verdicts = [
        judge.judge_writes(stage, f"{name}-{each}", run.told())
        for each, run in (("fresh", fresh), ("kept", kept))
    ]
    return RollingRun(
        verdict=judge.both(*verdicts),
        restarts=restarts,
        fresh=fresh.counted(),
        kept_alive=kept.counted(),
        replaced=not first & set(processes.group_members(leader)),
    )


def _are_gone(pids: set[int]) -> bool:
    return not any(map(processes.is_alive, pids))


@dataclass(frozen=True)
class PoisonRun:
    """What became of a job that kills its process, and of the others."""

    verdict: Verdict  # of the others
    set_aside: list[str]
    set_aside_in: float
    others_in: float  # seconds from its moment to the effect, of the slowest

    def __str__(self) -> str:
        return (
            f"set aside {self.set_aside} in {self.set_aside_in:.1f} s,"
            f" the others done within {self.others_in:.1f} s"
        )


def poison(stage: Stage, name: str, *, jobs: int) -> PoisonRun:
    """Ask for a job that kills its process, then for others, and wait for all to be settled."""
    await_whole(stage)
    _ask(stage, POISON, [f"{name}-poison-0"])
    began = time.monotonic()
    asked = [f"{name}-well-{number}" for number in range(jobs)]
    _ask(stage, WHOLE, asked)
    await_work(stage, name)
    settled_in = time.monotonic() - began
    told = Told(tried=frozenset(asked), kept=frozenset(asked))
    found = judge.effects(stage, f"{name}-well")
    return PoisonRun(
        verdict=judge.judge_jobs(stage, f"{name}-well", told),
        set_aside=judge.set_aside(stage, name),
        set_aside_in=settled_in,
        others_in=max((at - due_at).total_seconds() for _job, due_at, at in found),
    )


def await_work(stage: Stage, prefix: str) -> None:
    """Wait until no work named ``prefix``-… waits; the judge says what became of it."""
    processes.wait_until(lambda: judge.waiting(stage, prefix) == 0, _GIVES_UP_AFTER, pause=0.1)
