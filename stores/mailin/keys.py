"""Where the keys of mail signatures are looked up: the DNS, or in development a file."""

import json
from pathlib import Path

from django.conf import settings

from stores.mailin import trust


def resolver() -> trust.Resolver:
    """Return what finds a signing key by name, as the settings say."""
    name = settings.MAIL_KEYS_FILE
    return _of_file(Path(name)) if name else trust.dns_resolver


def _of_file(path: Path) -> trust.Resolver:
    def resolve(name: str, _timeout: float) -> bytes | None:
        # Read each time: whoever signs may have made a new key since.
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise trust.LookupFailed(name) from error
        key = known.get(name.lower().rstrip(".")) if isinstance(known, dict) else None
        return key.encode() if isinstance(key, str) else None

    return resolve
