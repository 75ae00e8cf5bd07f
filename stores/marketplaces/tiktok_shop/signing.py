"""How requests to TikTok Shop, and its pushes to us, are signed.

Source: TikTok Shop Partner Center, "Sign your API request" (API versions from 202309 on) and
"TikTok Shop webhooks overview".
"""

import hashlib
import hmac
from collections.abc import Mapping

UNSIGNED_PARAMETERS = frozenset({"sign", "access_token"})


def signature(
    *,
    app_secret: str,
    path: str,
    parameters: Mapping[str, str],
    body: bytes = b"",
    content_type: str = "application/json",
) -> str:
    """Return the ``sign`` parameter of a request, in lowercase hex.

    ``parameters`` are those of the query, decoded: a value is signed as it was before the address
    escaped it. ``body`` is signed to the byte as it is sent, but for ``multipart/form-data``.
    """
    signed = sorted(set(parameters) - UNSIGNED_PARAMETERS)
    text = path + "".join(name + parameters[name] for name in signed)
    if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
        body = b""
    secret = app_secret.encode()
    return hmac.new(secret, secret + text.encode() + body + secret, hashlib.sha256).hexdigest()


def push_signature(*, app_key: str, app_secret: str, body: bytes) -> str:
    """Return what the ``Authorization`` header of a push holds: lowercase hex and nothing else.

    ``body`` is signed to the byte as it came.
    """
    return hmac.new(app_secret.encode(), app_key.encode() + body, hashlib.sha256).hexdigest()
