"""A large file of orders through the API, with workers killed while it is checked and written."""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from config.launcher import processes
from tests.faults.benches import await_whole
from tests.faults.stage import Place, Stage

_GIVES_UP_AFTER: Final = 600.0
_FIRST: Final = datetime(2026, 7, 13, 1, 2, 3)  # noqa: DTZ001 - written without a zone, as exports are
_HEADERS: Final = (
    "Order ID,Order Status,Order Substatus,Seller SKU,Product Name,Order Amount,Created Time,"
    "Paid Time,RTS Time,Shipped Time,Buyer Username,Recipient,Phone #,Detail Address"
)
# As if the lease of a run that died were over: it is minutes long, and nothing else waits for it.
_LEASE_OVER: Final = """
UPDATE tenants_duework SET claimed_until = now() - interval '1 second'
WHERE kind = %s AND done_at IS NULL AND claimed_until IS NOT NULL
"""
_STARTED: Final = "SELECT started FROM tenants_duework WHERE kind = %s AND done_at IS NULL"
_CHECK, _WRITE = "stores.check_import", "stores.write_import"


@dataclass
class BringRun:
    """What a file under kills came to: how long each part took, and what was ever to be seen."""

    rows: int
    megabytes: float = 0.0
    upload: float = 0.0  # seconds: read, personal columns dropped, staged
    check: float = 0.0
    write: float = 0.0
    kills: int = 0
    steps_seen: set[int] = field(default_factory=set)  # how far the progress was told to be
    orders_seen: set[int] = field(default_factory=set)  # counts of orders, ever
    left_in_staging: int = -1
    written: int = -1
    peak: int = 0  # MiB: the largest of the web's and the workers' processes

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows of {self.megabytes:.1f} MB, {self.kills} kills: uploaded and"
            f" staged in {self.upload:.1f} s, checked in {self.check:.1f} s with"
            f" {len(self.steps_seen)} steps seen, written in {self.write:.1f} s,"
            f" largest process {self.peak} MiB, {len(self.orders_seen - {0, self.rows})} half"
            " states seen"
        )


def orders_csv(rows: int) -> bytes:
    """Return an export of so many orders, buyers and all."""
    out = io.StringIO()
    out.write(_HEADERS + "\n")
    for number in range(rows):
        at = f"{_FIRST + timedelta(minutes=number % 60_000):%d/%m/%Y %H:%M:%S}"
        out.write(
            f'5770{number:014d},Shipped,In transit,SKU-{number % 900},Canvas bag,"USD 35.91",'
            f"{at},{at},{at},{at},buyer{number},Ann {number},(+1)555{number:07d},{number} Harbour\n"
        )
    return out.getvalue().encode()


def bring(stage: Stage, *, rows: int, kills_by_time: int = 0) -> BringRun:
    """Bring a file in, kill every worker in the middle of its checking and of its writing.

    ``kills_by_time`` more hit the writing at some moment of its own.
    """
    await_whole(stage)
    run, place = BringRun(rows), stage.agencies[0]
    data = orders_csv(rows)
    run.megabytes = len(data) / 1e6
    with _client(stage, place) as client:
        began = time.monotonic()
        answer = client.post(
            "imports/", data={"store": place.stores[0]}, files={"file": ("orders.csv", data)}
        )
        assert answer.status_code == 201, answer.text
        run.upload = time.monotonic() - began
        path = f"imports/{answer.json()['id']}/"
        _check(stage, client, path, run)
        _write(stage, client, path, run, place, kills_by_time)
    return run


def _check(stage: Stage, client: httpx.Client, path: str, run: BringRun) -> None:
    began = time.monotonic()

    def is_under_way() -> bool:
        told = client.get(path).json()
        run.steps_seen.add(told["checked"])
        _note_peak(stage, run)
        return bool(told["checked"] or told["state"] != "checking")

    processes.wait_until(is_under_way, _GIVES_UP_AFTER, pause=0.2)
    run.kills += _kill_workers(stage)
    stage.execute(_LEASE_OVER, _CHECK)

    def is_through() -> bool:
        told = client.get(path).json()
        run.steps_seen.add(told["checked"])
        _note_peak(stage, run)
        return bool(told["state"] == "preview")

    assert processes.wait_until(is_through, _GIVES_UP_AFTER, pause=0.5)
    run.check = time.monotonic() - began
    assert client.get(path).json()["result"]["new"] == run.rows


def _write(
    stage: Stage, client: httpx.Client, path: str, run: BringRun, place: Place, kills: int
) -> None:
    with _marks_locked(stage, place):  # the first orders are in, their marks wait: the middle
        assert client.post(f"{path}confirm/").is_success
        _await_start(stage, 1)
        time.sleep(0.5)
        run.kills += _kill_workers(stage)
    _look(stage, run, place)
    for number in range(kills):
        stage.execute(_LEASE_OVER, _WRITE)
        _await_start(stage, number + 2)
        time.sleep(3)
        run.kills += _kill_workers(stage)
        _look(stage, run, place)
    assert processes.wait_until(stage.is_whole, 60, pause=0.2)
    stage.execute(_LEASE_OVER, _WRITE)
    began = time.monotonic()

    def is_done() -> bool:
        _look(stage, run, place)
        _note_peak(stage, run)
        return bool(client.get(path).json()["state"] == "done")

    assert processes.wait_until(is_done, _GIVES_UP_AFTER, pause=0.3)
    run.write = time.monotonic() - began
    _look(stage, run, place)
    told = client.get(path).json()
    run.written = told["written"]
    run.left_in_staging = _count(stage, place, "stores_importrow")


def _await_start(stage: Stage, started: int) -> None:
    def has_started() -> bool:
        found = stage.query(_STARTED, _WRITE)
        return bool(found and found[0][0] >= started)

    assert processes.wait_until(has_started, 120, pause=0.1), stage.query(_STARTED, _WRITE)


def _look(stage: Stage, run: BringRun, place: Place) -> None:
    run.orders_seen.add(_count(stage, place, "stores_order"))


def _count(stage: Stage, place: Place, table: str) -> int:
    statement = f"SELECT count(*) FROM {place.schema}.{table}"  # noqa: S608 - names of ours
    ((count,),) = stage.query(statement)
    return int(count)


def _kill_workers(stage: Stage) -> int:
    return sum(stage.kill_tree(name) for name in stage.names("worker"))


def _note_peak(stage: Stage, run: BringRun) -> None:
    for name in stage.names("worker", "web"):
        pid = stage.pid(name)
        for each in processes.group_members(pid) if pid else ():
            run.peak = max(run.peak, _peak_of(each))


def _peak_of(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended
        return 0
    told = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(told[0]) // 1024 if told else 0


@contextmanager
def _marks_locked(stage: Stage, place: Place) -> Iterator[None]:
    with stage.database() as session, session.transaction():
        session.execute(f"LOCK TABLE {place.schema}.stores_importmark IN SHARE MODE")
        yield


@contextmanager
def _client(stage: Stage, place: Place) -> Iterator[httpx.Client]:
    headers = {"host": stage.public_host, "authorization": f"Bearer {place.key}"}
    base = f"http://127.0.0.1:{stage.web_port}/api/v1/"
    with httpx.Client(base_url=base, headers=headers, timeout=180) as client:
        yield client
