"""A marketplace's pushes as a stage gets them: shuffled, repeated, forged, stale; and a judge.

The judge holds what the stage made of them against ``replay``, a plain model to which each push is
told once, in the order in which they were sent.
"""

import hashlib
import http.client
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from config.launcher import processes
from stores.marketplaces.tiktok_shop.pushes import READS
from stores.marketplaces.tiktok_shop.signing import push_signature
from stores.metrics import METRICS
from tests.faults import connecting
from tests.faults.benches import await_whole
from tests.faults.stage import Stage

STORES_EACH: Final = 5  # new ones in each agency
SENT_WITHIN: Final = 20  # hours
OLDEST: Final = 24 * 3600  # seconds; what is older is refused
CLIENTS: Final = 32
UNKNOWN: Final = (72, 999)
_HANDLED_WITHIN: Final = 300.0  # seconds
_TOO_LONG: Final = 20.0


@dataclass(frozen=True)
class Shop:
    """A store of the stage and the shop that it is connected to; moments are Unix times."""

    shop: str
    store: str
    schema: str
    connected_at: float
    ends_at: float


@dataclass(frozen=True)
class Push:
    """One push as it is posted, and the status that it must be answered with."""

    shop: str
    type: int
    sent_at: int
    days: int | None
    body: bytes
    signature: str
    status: int = 200

    @property
    def digest(self) -> str:
        named = json.loads(self.body).get("tts_notification_id")
        return str(named) if named else hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str  # or what went wrong
    seconds: float


@dataclass(frozen=True)
class Known:
    """What is known of a store once all its pushes are worked on."""

    state: str
    ends_at: float
    days_left: tuple[int, int] | None  # the newest, and when it was sent
    alerts: frozenset[str]
    is_sync_asked: bool


@dataclass
class PushRun:
    """What a run of pushes came to."""

    posted: int
    unique: int
    answers: dict[str, int]  # "200 for 200": the status for the one that it must be
    lost: list[str]
    doubled: int
    unasked: list[str]
    differing: dict[str, tuple[Known, Known]]  # by shop: as it is, as it must be
    unread: int
    seconds: list[float] = field(repr=False)
    lasted: float = 0.0
    handled_in: float = 0.0

    def slowest(self, share: float) -> float:
        """Return the seconds within which this share of the posts was answered."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))]

    def __str__(self) -> str:
        return (
            f"{self.posted} at {self.posted / self.lasted:.0f}/s, answers {self.answers},"
            f" {self.unique} unique, {len(self.lost)} lost, {self.doubled} doubled,"
            f" {len(self.unasked)} taken that must not be,"
            f" {len(self.differing)} stores differ from the ordered replay,"
            f" p50 {self.slowest(0.5) * 1000:.0f} ms, p99 {self.slowest(0.99) * 1000:.0f} ms,"
            f" slowest {self.slowest(1) * 1000:.0f} ms; worked on in {self.handled_in:.0f} s"
        )


def push_in(stage: Stage, *, count: int, rate: float, seed: int) -> PushRun:
    """Post ``count`` pushes at ``rate`` a second while Valkey and all workers are down.

    3 of 10 are repeats, 1 of 20 is forged, 1 of 20 is out of time. Then let Valkey and the workers
    of the default queue come back, wait until each push is worked on, and judge.
    """
    await_whole(stage)
    made = stage.run("connecting", connecting.AS_MADE, str(STORES_EACH))
    shops = [Shop(**each) for each in json.loads(made)]
    posts = mix(seed, count, shops, stage.env)
    _warm_up(stage, shops[0])
    with stage.without_programs("sync"):  # so that a sync which was asked for stays so
        with stage.without("valkey"), stage.without_programs("worker", "dispatcher"):
            began = time.monotonic()
            answers = _post_all(stage, posts, rate)
            lasted = time.monotonic() - began
        began = time.monotonic()
        processes.wait_until(lambda: _unread(stage, shops) == 0, _HANDLED_WITHIN, pause=0.2)
        run = _judge(stage, shops, posts, answers)
        return replace(run, lasted=lasted, handled_in=time.monotonic() - began)


def mix(seed: int, count: int, shops: Sequence[Shop], env: dict[str, str]) -> list[Push]:
    """Return ``count`` pushes of ``shops`` as one seed shuffles them, signed for ``env``'s app."""
    dice = Random(seed)  # noqa: S311 - it chooses pushes and guards nothing
    repeats, forged, stale = count * 3 // 10, count // 20, count // 20
    maker = _Maker(dice, shops, int(time.time()), env["TIKTOK_APP_KEY"], env["TIKTOK_APP_SECRET"])
    unique = [maker.good() for _ in range(count - repeats - forged - stale)]
    posts = [
        *unique,
        *dice.choices(unique, k=repeats),
        *(maker.forged(dice.choice(unique)) for _ in range(forged)),
        *(maker.stale() for _ in range(stale)),
    ]
    dice.shuffle(posts)
    return posts


def replay(shop: Shop, pushes: Iterable[Push]) -> Known:
    """Return what must be known of a store that is told these pushes in order, each once."""
    known = Known("connected", shop.ends_at, None, frozenset(), is_sync_asked=False)
    for push in sorted({push.digest: push for push in pushes}.values(), key=lambda p: p.sent_at):
        known = _told(shop, known, push)
    return known


def _told(shop: Shop, known: Known, push: Push) -> Known:
    is_of_this_connection = push.sent_at > shop.connected_at
    if push.type == 6:
        if not is_of_this_connection:
            return known
        return replace(known, state="revoked", alerts=known.alerts | {"connection.revoked"})
    if push.type == 7 and push.days is not None:
        if not is_of_this_connection:
            return known
        few = {"reading.authorization_days"}
        is_bad = METRICS["authorization_days"].is_bad(Decimal(push.days))
        return replace(
            known,
            days_left=(push.days, push.sent_at),
            ends_at=min(known.ends_at, push.sent_at + push.days * 86_400),
            alerts=known.alerts | few if is_bad else known.alerts - few,
        )
    is_read = bool(READS.get(str(push.type)))
    return replace(known, is_sync_asked=known.is_sync_asked or is_read)


@dataclass
class _Maker:
    dice: Random
    shops: Sequence[Shop]
    now: int
    app_key: str
    app_secret: str
    made: int = 0
    moments: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def good(self) -> Push:
        shop = self.dice.choice(self.shops)
        return self._make(shop, self._moment(shop))

    def stale(self) -> Push:
        """Return one that is older than any repeat, or of the future."""
        past = self.now - OLDEST - self.dice.randint(60, 40_000)
        sent_at = self.dice.choice([past, past, past, self.now + 3_600])
        return replace(self._make(self.dice.choice(self.shops), sent_at), status=400)

    def forged(self, like: Push) -> Push:
        """Return a push that nobody signed, or somebody else, or that was changed since."""
        other = self._make(self.dice.choice(self.shops), like.sent_at)
        signature = self.dice.choice(
            [
                "",
                "0" * 64,
                like.signature,
                other.signature.swapcase(),
                f"Bearer {other.signature}",
                push_signature(app_key=self.app_key, app_secret="a guess", body=other.body),
            ]
        )
        return replace(other, signature=signature, status=401)

    def _moment(self, shop: Shop) -> int:
        """Return a moment at which nothing else of this shop was sent, not that it connected."""
        taken = self.moments[shop.shop] | {int(shop.connected_at)}
        moment = next(
            moment
            for moment in iter(lambda: self.now - self.dice.randint(1, SENT_WITHIN * 3600), None)
            if moment not in taken
        )
        self.moments[shop.shop].add(moment)
        return moment

    def _make(self, shop: Shop, sent_at: int) -> Push:
        self.made += 1
        choice = self.dice.random()
        if choice < 0.002:
            push_type = 6
        elif choice < 0.1:
            push_type = 7
        elif choice < 0.12:
            push_type = self.dice.choice(UNKNOWN)
        else:
            push_type = int(self.dice.choice([each for each in READS if each not in {"6", "7"}]))
        days = self.dice.randint(1, 30) if push_type == 7 else None
        body = json.dumps(self._words(shop.shop, push_type, sent_at, days)).encode()
        signed = push_signature(app_key=self.app_key, app_secret=self.app_secret, body=body)
        return Push(shop.shop, push_type, sent_at, days, body, signed)

    def _words(self, shop: str, push_type: int, sent_at: int, days: int | None) -> dict[str, Any]:
        data: dict[str, Any] = {"order_id": str(2**59 + self.made), "product_id": 2**60 + self.made}
        if push_type in {6, 7}:
            data = {"message": f"Authorization of shop_id {shop} is expiring in {days} days."}
        words = {"type": push_type, "shop_id": shop, "timestamp": sent_at, "data": data}
        if push_type in {3, 6, 7}:  # documented without a number
            return words
        return {**words, "tts_notification_id": str(2**62 + self.made)}


def _warm_up(stage: Stage, shop: Shop) -> None:
    """Let the web processes have served before, as most have: these are of no store."""
    _post_all(stage, mix(0, 200, [replace(shop, shop="1")], stage.env), rate=100)


def _post_all(stage: Stage, posts: Sequence[Push], rate: float) -> list[_Answer]:
    """Post each at its moment, or as soon after as a client is free; answers in the same order."""
    turns = iter(enumerate(posts))
    answers: list[_Answer] = [_Answer("none", 0.0)] * len(posts)
    lock = threading.Lock()
    began = time.monotonic()

    def client() -> None:
        while True:
            with lock:
                number, push = next(turns, (0, None))
            if push is None:
                return
            moment = began + number / rate
            time.sleep(max(0.0, moment - time.monotonic()))
            # From when it was to be sent, so that what waits for a client counts as waiting.
            answers[number] = _Answer(_post(stage, push), time.monotonic() - moment)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _post(stage: Stage, push: Push) -> str:
    line = http.client.HTTPConnection("127.0.0.1", stage.web_port, timeout=_TOO_LONG)
    headers = {"Host": stage.public_host, "Content-Type": "application/json"}
    try:
        line.request(
            "POST",
            "/hooks/tiktok_shop/",
            push.body,
            {**headers, "Authorization": push.signature},
        )
        got = line.getresponse()
        got.read()
    except (OSError, http.client.HTTPException) as fault:
        return type(fault).__name__
    else:
        return str(got.status)
    finally:
        line.close()


def _unread(stage: Stage, shops: Sequence[Shop]) -> int:
    ((count,),) = stage.query(
        "SELECT count(*) FROM tenants_inboundevent WHERE handled_at IS NULL AND store_id = ANY(%s)",
        [UUID(shop.store) for shop in shops],
    )
    return int(count)


def _judge(
    stage: Stage, shops: Sequence[Shop], posts: Sequence[Push], answers: Sequence[_Answer]
) -> PushRun:
    good = {push.digest: push for push in posts if push.status == 200}
    kept = Counter(
        digest
        for (digest,) in stage.query(
            "SELECT digest FROM tenants_inboundevent WHERE store_id = ANY(%s)",
            [UUID(shop.store) for shop in shops],
        )
    )
    of_shop = defaultdict(list)
    for push in good.values():
        of_shop[push.shop].append(push)
    pairs = {shop.shop: (_found(stage, shop), replay(shop, of_shop[shop.shop])) for shop in shops}
    return PushRun(
        posted=len(posts),
        unique=len(good),
        answers=dict(
            Counter(
                f"{answer.status} for {push.status}"
                for push, answer in zip(posts, answers, strict=True)
            )
        ),
        lost=sorted(good.keys() - kept.keys()),
        doubled=sum(times > 1 for times in kept.values()),
        unasked=sorted(kept.keys() - good.keys()),
        differing={shop: pair for shop, pair in pairs.items() if pair[0] != pair[1]},
        unread=_unread(stage, shops),
        seconds=[answer.seconds for answer in answers],
    )


def _found(stage: Stage, shop: Shop) -> Known:
    """Return what the tables say of a store."""
    store = UUID(shop.store)
    ((state, ends_at),) = stage.query(
        f"SELECT state, refresh_expires_at FROM {shop.schema}.stores_connection"  # noqa: S608 - ours
        " WHERE store_id = %s",
        store,
    )
    days = stage.query(
        f"SELECT value, measured_at FROM {shop.schema}.stores_reading"  # noqa: S608 - ours
        " WHERE store_id = %s AND metric = 'authorization_days' ORDER BY measured_at DESC LIMIT 1",
        store,
    )
    alerts = stage.query(
        f"SELECT code FROM {shop.schema}.stores_alert"  # noqa: S608 - ours
        " WHERE store_id = %s AND state = 'open'",
        store,
    )
    asked = stage.query(
        "SELECT 1 FROM tenants_duework"
        " WHERE kind = 'stores.sync' AND starts_with(subject, %s) AND done_at IS NULL",
        shop.store,
    )
    return Known(
        state=state,
        ends_at=ends_at.timestamp(),
        days_left=(int(days[0][0]), int(days[0][1].timestamp())) if days else None,
        alerts=frozenset(code for (code,) in alerts),
        is_sync_asked=bool(asked),
    )
