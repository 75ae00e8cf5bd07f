"""Chooses probes, makes them against the running application, and judges every answer."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.core import mail
from django.db import connections
from django.test import Client

from tests.tenants.probes import routes, sides
from tests.tenants.probes.kinds import KINDS, WRITES, Call, Scene
from tests.tenants.probes.routes import Route
from tests.tenants.probes.sides import Side

_FAULT: Final = 500


@dataclass(frozen=True)
class Probe:
    kind: str
    route: Route
    method: str
    caller: Side = field(repr=False)
    other: Side = field(repr=False)

    def __str__(self) -> str:
        who = f"{self.caller.agency.slug} on {self.other.agency.slug}"
        return f"{self.kind}: {self.method} {self.route}, {who}"


@dataclass
class Report:
    """What a campaign found: the probes made, and everything that should not be."""

    canaries: frozenset[str]
    probes: int = 0
    routes: set[str] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def found(self) -> list[str]:
        return [*self.leaks, *self.faults, *self.changed]


# Choosing


def every_probe(
    everybody: Sequence[Side], rng: Random, methods: Sequence[str] = routes.METHODS
) -> list[Probe]:
    """Return each route by each method and kind that fits, by and against agencies by chance."""
    found = []
    for route, kind, method in product(routes.all_routes(), KINDS, methods):
        caller, other = rng.sample(list(everybody), 2)
        probe = Probe(kind, route, method, caller, other)
        if KINDS[kind].fits(_scene(probe, rng)):
            found.append(probe)
    return found


def some_probes(everybody: Sequence[Side], rng: Random, count: int) -> list[Probe]:
    """Return ``count`` probes: each route and each kind among them, each kind at each API route.

    Most are by methods that their route takes; the others stop at the method.
    """
    taken = [
        probe
        for probe in every_probe(everybody, rng)
        if probe.method in routes.methods_of(probe.route) or rng.random() < 0.05
    ]
    rng.shuffle(taken)
    firsts: dict[object, Probe] = {}
    for probe in sorted(taken, key=lambda probe: probe.method != "GET"):
        is_api = probe.route.is_api
        for place in (probe.route, probe.kind, (probe.route, probe.kind) if is_api else None):
            firsts.setdefault(place, probe)
    return list(dict.fromkeys([*firsts.values(), *taken]))[:count]


def uncovered(known: Iterable[Route], probes: Iterable[Probe]) -> list[str]:
    """Return the routes that no probe reaches."""
    reached = {str(probe.route) for probe in probes}
    return [str(route) for route in known if str(route) not in reached]


# Making and judging


class Ear(logging.Handler):
    """Hears every log record, whatever its level."""

    def __init__(self) -> None:
        super().__init__(level=logging.NOTSET)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        told = {key: value for key, value in vars(record).items() if key != "msg"}
        self.heard.append(f"{record.getMessage()} {told}")


@contextmanager
def listening() -> Iterator[Ear]:
    root, ear = logging.getLogger(), Ear()
    level, handlers = root.level, root.handlers
    root.handlers = [ear]
    root.setLevel(logging.NOTSET)
    try:
        yield ear
    finally:
        root.handlers = handlers
        root.setLevel(level)


def run(probes: Iterable[Probe], everybody: Sequence[Side], rng: Random) -> Report:
    """Make the probes, all of one caller together: no row of anybody else may change by them.

    Those that may change rows of the caller's own come last: what they spoil nobody needs then.
    """
    report = Report(frozenset(side.canary for side in everybody))
    probes = list(probes)
    for is_last, caller in product((False, True), everybody):
        mine = [
            probe
            for probe in probes
            if probe.caller is caller and is_last == (probe.kind == "ids in the body")
        ]
        bystanders = [side for side in everybody if side is not caller]
        with _unchanged(bystanders, report, caller), listening() as ear:
            for probe in mine:
                _make(probe, report, ear, rng)
    return report


def _scene(probe: Probe, rng: Random) -> Scene:
    return Scene(probe.route, probe.method, probe.caller, probe.other, rng)


def _make(probe: Probe, report: Report, ear: Ear, rng: Random) -> None:
    call = KINDS[probe.kind].make(_scene(probe, rng))
    for earlier in call.before:
        send(earlier, rng)
    ear.heard.clear()
    mail.outbox.clear()
    answer = send(call, rng)
    report.probes += 1
    report.routes.add(str(probe.route))
    report.kinds[probe.kind] += 1
    report.statuses[answer.status_code] += 1
    leaked = seen(answer, ear, report.canaries) - call.may_see
    if leaked:
        report.leaks.append(f"{probe}: {answer.status_code} {sorted(leaked)}")
    if answer.status_code >= _FAULT:
        report.faults.append(f"{probe}: {answer.status_code} {answer.exc_info}")


def send(call: Call, rng: Random) -> Any:
    """Make a call from an address of its own, so that no limit of calls stands in its way."""
    client = Client(headers={"host": call.host, **call.headers}, raise_request_exception=False)
    if call.session:
        client.cookies[settings.SESSION_COOKIE_NAME] = call.session
    extra: Any = {
        "REMOTE_ADDR": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"
    }
    if call.is_json and call.method in WRITES:
        sender = getattr(client, call.method.lower())
        return sender(call.address, call.body or {}, content_type="application/json", **extra)
    if call.method == "POST":
        return client.post(call.address, call.body or {}, **extra)
    body = urlencode(call.body or {}, doseq=True) if call.method in WRITES else ""
    kind = "application/x-www-form-urlencoded"
    return client.generic(call.method, call.address, body, kind, **extra)


def seen(answer: Any, ear: Ear, canaries: Iterable[str]) -> set[str]:
    """Return which canaries stand in an answer, headers and cookies too, in mails or log lines."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    places = [body.decode("utf-8", "replace"), str(answer.headers), answer.cookies.output()]
    places += [str(letter.message()) for letter in mail.outbox]
    places += ear.heard
    whole = "\n".join(places).lower()
    return {canary for canary in canaries if canary in whole}


@contextmanager
def _unchanged(bystanders: Sequence[Side], report: Report, caller: Side) -> Iterator[None]:
    with connections["owner"].cursor() as cursor:
        before = sides.digests(cursor, bystanders)
        yield
        after = sides.digests(cursor, bystanders)
    changed = sorted(name for name in after if after[name] != before[name])
    report.changed += [f"{name} was changed by {caller.agency.slug}" for name in changed]
