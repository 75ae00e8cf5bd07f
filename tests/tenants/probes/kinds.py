"""The kinds of attack of one agency on another: what is shown, where, and what it names.

In each the ``caller`` reaches for the ``other`` agency's rows. ``KINDS`` lists them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from rest_framework import serializers

from tests.tenants.probes import filling, routes
from tests.tenants.probes.routes import AGENCY, PUBLIC, Route
from tests.tenants.probes.sides import IDEMPOTENCY_KEY, Side

WRITES: Final = ("POST", "PUT", "PATCH", "DELETE")
_NOBODY: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Scene:
    """Who attacks whom, where and how."""

    route: Route
    method: str
    caller: Side
    other: Side
    rng: Random = field(repr=False)


@dataclass(frozen=True)
class Call:
    """One HTTP request, and whose canaries its answer may carry."""

    host: str
    method: str
    path: str
    may_see: frozenset[str] = _NOBODY
    headers: Mapping[str, str] = field(default_factory=dict)
    session: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    is_json: bool = False
    before: tuple["Call", ...] = ()  # made first, and not judged

    def showing(self, **headers: str) -> "Call":
        return replace(self, headers={**self.headers, **headers})

    @property
    def address(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


Make = Callable[[Scene], Call]


def own(scene: Scene, side: Side | None = None, *, naming: Side | None = None) -> Call:
    """Return the call that ``side`` (the caller) may make: on its own host, as itself.

    Its address names rows of ``naming``, by default its own.
    """
    side = side or scene.caller
    host = side.host if scene.route.host == AGENCY else settings.PUBLIC_HOST
    call = Call(host, scene.method, scene.route.path(naming or side), frozenset({side.canary}))
    if scene.route.is_api:
        return replace(call.showing(authorization=f"Bearer {side.key}"), is_json=True)
    return replace(call, session=side.session(host))


def without_credential(scene: Scene) -> Call:
    """Return the call to the other's rows on the other's host, by nobody."""
    call = own(scene, scene.other)
    return replace(call, headers={}, session="", may_see=_NOBODY)


# What names foreign rows


def _ids_in_the_address(scene: Scene) -> Call:
    return own(scene, naming=scene.other)


def _wild_ids_in_the_address(scene: Scene) -> Call:
    path = scene.route.path(scene.other, wild=scene.rng)
    return replace(own(scene), path=path)


def _ids_in_the_query(scene: Scene) -> Call:
    values = query_of(scene.route, scene.other, scene.rng)
    if scene.rng.random() < 0.5:
        name = scene.rng.choice(sorted(values))
        values = {name: values[name]}
    return replace(own(scene), query=values)


def _ids_in_the_body(scene: Scene) -> Call:
    return replace(own(scene), body=body_of(scene.route, scene.caller, scene.other, scene.rng))


def _ids_in_a_fragment(scene: Scene) -> Call:
    called = scene.rng.choice((_ids_in_the_address, _ids_in_the_query))(scene)
    shown = f"{settings.PUBLIC_SCHEME}://{scene.other.host}{scene.route.path(scene.other)}"
    headers = {"hx-request": "true", "hx-current-url": shown, "hx-target": "main"}
    return called.showing(**headers, referer=shown)


def _a_pass_of_anothers(scene: Scene) -> Call:
    token = filling.oauth_token(scene.other.canary)
    return replace(own(scene), query={"state": token, "code": "a-code"})


def _idempotency_key_of_another(scene: Scene) -> Call:
    """The very call that the other made before, under the same Idempotency-Key."""
    call = own(scene).showing(**{"idempotency-key": IDEMPOTENCY_KEY})
    return replace(call, body=scene.other.told)


def _file_by_its_path(scene: Scene) -> Call:
    name = scene.rng.choice(scene.other.files)
    places = ("/media/", "/static/", "/static/../media/", "/static/%2e%2e/%2e%2e/media/", "/")
    return replace(own(scene), path=scene.rng.choice(places) + name)


# What is shown on a foreign host


def _credential_on_a_foreign_host(scene: Scene) -> Call:
    shown = own(scene)
    call = without_credential(scene)
    if scene.route.host == PUBLIC:  # there the session of an agency's host is the foreign one
        return replace(call, session=scene.caller.session(), headers={})
    return replace(call, headers=shown.headers, session=shown.session)


def _session_without_a_seat(scene: Scene) -> Call:
    session = scene.caller.session(scene.other.host)
    return replace(
        without_credential(scene), session=session, may_see=frozenset({scene.caller.canary})
    )


def _session_in_place_of_a_key(scene: Scene) -> Call:
    return replace(without_credential(scene), session=scene.caller.session(scene.other.host))


def _forwarded_host(scene: Scene) -> Call:
    other = scene.other.host
    return _ids_in_the_address(scene).showing(
        **{
            "x-forwarded-host": other,
            "forwarded": f"host={other};proto=http",
            "x-original-host": other,
            "x-host": other,
            "x-forwarded-server": other,
            "x-original-url": scene.route.path(scene.other),
            "x-rewrite-url": scene.route.path(scene.other),
        }
    )


def _forged_host(scene: Scene) -> Call:
    other, mine = scene.other.host, scene.caller.host
    bare = other.partition(":")[0]
    forged = (
        *(other, other.upper(), f"{bare}.:8000", f"{bare}:1", bare, f"{mine}, {other}"),
        *(f"{mine}@{other}", f"{other}#@{mine}", f"{other}/{mine}", f"{other} {mine}"),
        *(f"{scene.other.agency.slug}.{mine}", f"x.{other}", f"[{other}]", ""),
    )
    return replace(_ids_in_the_address(scene), host=scene.rng.choice(forged))


# What is over, or was answered to another


def _ended_session(scene: Scene) -> Call:
    return replace(without_credential(scene), session=scene.other.ended_session)


def _session_of_another_host(scene: Scene) -> Call:
    """The other's own session, of the public host where an agency's is asked, and the reverse."""
    home = settings.PUBLIC_HOST if scene.route.host == AGENCY else scene.other.host
    return replace(without_credential(scene), session=scene.other.session(home))


def _revoked_key(scene: Scene) -> Call:
    return without_credential(scene).showing(authorization=f"Bearer {scene.other.revoked_key}")


def _warmed_cache(scene: Scene) -> Call:
    """The other has just asked; the caller asks the same, there or on its own host."""
    warm = own(replace(scene, method="GET"), scene.other)
    call = scene.rng.choice((_ids_in_the_address, _credential_on_a_foreign_host, own))(scene)
    return replace(call, may_see=own(scene).may_see, before=(warm,))


def _is_page(scene: Scene) -> bool:
    return not scene.route.is_api


def _is_api(scene: Scene) -> bool:
    return scene.route.is_api


def _has_file(scene: Scene) -> bool:
    return scene.route.address in {"/evidence/{pk}/", "/ticks/{pk}/photo/"}


def _always(scene: Scene) -> bool:
    return True


@dataclass(frozen=True)
class Kind:
    make: Make
    fits: Callable[[Scene], bool] = _always


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "ids in the address": Kind(_ids_in_the_address),
        "ids of any rows in the address": Kind(
            _wild_ids_in_the_address, lambda scene: bool(scene.route.names)
        ),
        "ids in the query": Kind(_ids_in_the_query),
        "ids in the body": Kind(_ids_in_the_body, lambda scene: scene.method in WRITES),
        "ids in a fragment": Kind(_ids_in_a_fragment, _is_page),
        "file by its path": Kind(_file_by_its_path, _has_file),
        "another's pass": Kind(
            _a_pass_of_anothers, lambda scene: scene.route.address.startswith("/oauth/")
        ),
        "another's idempotency key": Kind(
            _idempotency_key_of_another,
            lambda scene: scene.route.is_api and scene.method == "POST",
        ),
        "credential on a foreign host": Kind(_credential_on_a_foreign_host),
        "session without a seat": Kind(
            _session_without_a_seat, lambda scene: scene.route.host == AGENCY
        ),
        "session in place of a key": Kind(_session_in_place_of_a_key, _is_api),
        "forwarded host": Kind(_forwarded_host),
        "forged host": Kind(_forged_host),
        "ended session": Kind(_ended_session, _is_page),
        "session of another host": Kind(_session_of_another_host, _is_page),
        "revoked key": Kind(_revoked_key, _is_api),
        "warmed cache": Kind(_warmed_cache),
        "anonymous": Kind(without_credential),
    }
)


# Foreign ids wherever a form, a serializer or a view reads a name

# Whose id a field's name asks for; other fields with a choice of their own get the store's.
_ASKED: Final = {
    "client": "stores.Client",
    "clients": "stores.Client",
    "group": "stores.StoreGroup",
    "groups": "stores.StoreGroup",
    "member": "tenants.Membership",
    "owner": "tenants.Membership",
    "who": "tenants.Membership",
    "role": "tenants.Role",
    "violation": "stores.Violation",
    "notice": "stores.Notice",
    "replaces": "checklist.Tick",
    "reverses": "scoring.LedgerEntry",
}
_QUERY: Final = (
    "store",
    "client",
    "group",
    "owner",
    "member",
    "id",
    "after",
    "cursor",
    "q",
    "next",
)
_PLAIN: Final[dict[type[Any], Any]] = {
    forms.EmailField: "somebody@example.com",
    forms.IntegerField: "1",
    forms.DecimalField: "1",
    forms.DateTimeField: "2026-11-01T10:00",
    forms.BooleanField: "on",
    serializers.IntegerField: -1,
    serializers.FloatField: 1,
    serializers.DecimalField: 1,
    serializers.DateTimeField: "2026-11-01T10:00:00+00:00",
}


def _id_for(name: str, side: Side) -> str:
    return str(side.ids[_ASKED.get(name, "stores.Store")])


def query_of(route: Route, side: Side, rng: Random) -> dict[str, str]:
    """Return a value that names a row of ``side`` for everything that may be asked in a query."""
    names = {*_QUERY, *(() if route.is_api else routes.names_read(route, "GET"))}
    values = {name: _id_for(name, side) for name in names}
    any_id = rng.choice(list(side.ids.values()))
    return values | {"q": f"owner:{any_id}", "next": f"//{side.host}/stores/{any_id}/"}


def body_of(route: Route, caller: Side, other: Side, rng: Random) -> dict[str, Any]:
    """Return a body with ids of ``other`` for all that names a row, and plain values else."""
    if route.is_api:
        taken = routes.api_fields(route)
        return {name: _json_value(name, one, caller, other, rng) for name, one in taken.items()}
    values = {
        name: _form_value(name, one, other) for name, one in routes.form_fields(route).items()
    }
    for name in routes.names_read(route, "POST"):
        values[name] = _id_for(name, other)
    told = {"act": "assign", "from": "detail", "language": "en", "active": "on", "tick": "pass"}
    pair = f"{other.ids['checklist.Round']} {other.ids['checklist.ProcedureItem']}"
    return {**values, **told, "check": pair, "next": f"//{other.host}/"}


def _form_value(name: str, one: forms.Field, other: Side) -> Any:
    if isinstance(one, forms.FileField):
        return ""
    fixed = [] if isinstance(one, forms.ModelChoiceField) else getattr(one, "choices", [])
    known = [str(value) for value, _label in fixed if str(value)] if name not in _ASKED else []
    if known:
        return known[0]
    if isinstance(one, forms.ChoiceField | forms.UUIDField) or name in _ASKED:
        return _id_for(name, other)
    return next((value for kind, value in _PLAIN.items() if isinstance(one, kind)), "Probe")


def _json_value(name: str, one: Any, caller: Side, other: Side, rng: Random) -> Any:
    if name in _ASKED or name == "store":
        # Half of the bodies name one foreign row only, so that all else is as it should be.
        return _id_for(name, caller if name == "store" and rng.random() < 0.5 else other)
    if isinstance(one, serializers.ChoiceField):
        return next(iter(one.choices))
    if isinstance(one, serializers.ListField):
        return [_id_for(name, other)]
    return next((value for kind, value in _PLAIN.items() if isinstance(one, kind)), "Probe")
