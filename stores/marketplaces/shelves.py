"""The shelf that all processes share: breakers and paces in Valkey, in our own memory without it.

It saves calls and keeps a marketplace from being asked too fast; nothing rests on it being right.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import redis

from stores.marketplaces.gates import OwnShelf, Shelf, State

logger = logging.getLogger(__name__)

T = TypeVar("T")

_PREFIX: Final = "storewarden:gate:"
_WITHIN: Final = 0.25  # seconds: so long Valkey may take
_AWAY_FOR: Final = 5.0  # seconds until one that did not answer is asked again
_MOST_TRIES: Final = 200  # of a change that others come before


class ValkeyShelf:
    """A shelf in Valkey; while that does not answer, or others are always quicker, one's own."""

    def __init__(self, url: str) -> None:
        self._line = redis.Redis.from_url(
            url, socket_connect_timeout=_WITHIN, socket_timeout=_WITHIN, decode_responses=True
        )
        self._own = OwnShelf()
        self._away_until = 0.0

    def change(self, name: str, step: Callable[[State], tuple[State, T]], *, keep_for: float) -> T:
        if time.monotonic() >= self._away_until:
            try:
                return self._changed(_PREFIX + name, step, keep_for)
            except redis.WatchError:
                logger.warning("shelf_contended")
            except (redis.RedisError, OSError):
                logger.warning("shelf_away")
                self._away_until = time.monotonic() + _AWAY_FOR
        return self._own.change(name, step, keep_for=keep_for)

    def _changed(self, key: str, step: Callable[[State], tuple[State, T]], keep_for: float) -> T:
        """Change the state at ``key`` if nobody else has meanwhile, else look again.

        Raises:
            redis.WatchError: if others were quicker each time.
        """
        with self._line.pipeline() as pipe:
            for tries_left in reversed(range(_MOST_TRIES)):
                pipe.watch(key)  # type: ignore[no-untyped-call] # so it is in redis-py
                state = _read(pipe.get(key))
                fresh, result = step(state)
                if fresh is state:
                    return result
                pipe.multi()
                pipe.set(key, json.dumps(dict(fresh)), px=int(keep_for * 1000))
                try:
                    pipe.execute()
                except redis.WatchError:
                    if not tries_left:
                        raise
                else:
                    return result
        raise AssertionError("unreachable: the last try returns or raises")


def shelf_at(url: str) -> Shelf:
    """Return the shelf in the Valkey at ``url``, or one's own where that is no address."""
    try:
        return ValkeyShelf(url)
    except ValueError:
        return OwnShelf()


def _read(kept: object) -> Mapping[str, float]:
    """Return a kept state; what is none counts as empty."""
    try:
        state = json.loads(kept) if isinstance(kept, str) else {}
    except ValueError:
        return {}
    is_state = isinstance(state, dict) and all(
        isinstance(value, int | float) for value in state.values()
    )
    return state if is_state else {}
