"""Seals secrets for the database: AES-256-GCM, bound to agency, table, column and row.

A sealed value reads ``v1:<key id>:<base64 of nonce and ciphertext>``. The first key of
``settings.SEALING_KEYS`` seals; all of them unseal, so that keys rotate without a stop.
"""

import base64
import os
from functools import cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tenants import scope

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Unreadable(RuntimeError):
    """A sealed value was moved, changed, or sealed with a key we do not hold."""


@cache
def _keys(configured: tuple[str, ...]) -> dict[str, AESGCM]:
    keys = {}
    for entry in configured:
        key_id, _, encoded = entry.partition(":")
        key = base64.b64decode(encoded)
        if not key_id or len(key) != _KEY_BYTES:
            raise ImproperlyConfigured("SEALING_KEYS must read id:base64-of-32-bytes,…")
        keys[key_id] = AESGCM(key)
    if not keys:
        raise ImproperlyConfigured("SEALING_KEYS is not set.")
    return keys


def _place(agency: UUID | None, table: str, column: str, row: object) -> bytes:
    owner = agency if agency is not None else scope.current_id()
    return f"{owner}|{table}|{column}|{row}".encode()


def seal(text: str, *, table: str, column: str, row: object, agency: UUID | None = None) -> str:
    """Return ``text`` sealed for one cell of the agency in scope (or ``agency``)."""
    keys = _keys(tuple(settings.SEALING_KEYS))
    key_id = next(iter(keys))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = keys[key_id].encrypt(nonce, text.encode(), _place(agency, table, column, row))
    return f"v1:{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(value: str, *, table: str, column: str, row: object, agency: UUID | None = None) -> str:
    """Return the text sealed for this very cell.

    Raises:
        Unreadable: if the value was sealed elsewhere, changed, or its key is gone.
    """
    version, _, rest = value.partition(":")
    key_id, _, encoded = rest.partition(":")
    key = _keys(tuple(settings.SEALING_KEYS)).get(key_id)
    if version != "v1" or key is None:
        raise Unreadable("No key for this value.")
    data = base64.b64decode(encoded)
    try:
        place = _place(agency, table, column, row)
        return key.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], place).decode()
    except InvalidTag as error:
        raise Unreadable("This value was not sealed for this place.") from error
