"""Through whose mailbox a mail was passed on, by its headers: a hint, and never a proof."""

import re
from email import message_from_bytes, policy
from email.utils import getaddresses

_HEADERS = (
    "To", "Cc", "Delivered-To", "X-Delivered-To", "X-Original-To", "X-Forwarded-For",
    "X-Forwarded-To", "Resent-From", "Resent-Sender", "Return-Path",
)  # fmt: skip
_MOST_BYTES = 64 * 1024
_MOST_ADDRESSES = 50


def mailboxes_named(raw: bytes) -> frozenset[str]:
    """Return the addresses that a mail was sent to or passed on by, in lower case."""
    head = re.split(rb"\r?\n\r?\n", raw[:_MOST_BYTES], maxsplit=1)[0]
    message = message_from_bytes(head + b"\n\n", policy=policy.compat32)
    values = [
        str(value)[:2000] for name in _HEADERS for value in message.get_all(name, []) if value
    ]
    try:
        # Gmail names both mailboxes of a forward in one header, with a blank between them.
        listed = [" ".join(value.split()) for value in values]
        pairs = getaddresses([*listed, *(word for value in listed for word in value.split())])
    except (ValueError, TypeError, IndexError, RecursionError):
        return frozenset()
    found = [address.lower() for _name, address in pairs if "@" in address]
    return frozenset(found[:_MOST_ADDRESSES])
