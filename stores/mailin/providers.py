"""Mailbox providers: the mail in which each asks whether it may forward, read by patterns.

What such a mail says is data in ``mailboxes/``, one file a provider. Nothing here is believed:
whether the provider wrote it is for ``trust.judge_sender`` to say.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from stores.mailin import patterns, plain
from stores.mailin.envelope import Mail

FOLDER = Path(__file__).parent / "mailboxes"
OTHER = "other"  # a provider of which we know nothing
MOST_READ = 20_000  # letters of a mail; such a mail is short
LONGEST_LINK = 2_000


@dataclass(frozen=True)
class Provider:
    code: str
    name: str
    mailboxes: frozenset[str]
    senders: frozenset[str]
    subjects: tuple[re.Pattern[str], ...]
    texts: tuple[re.Pattern[str], ...]
    codes: tuple[re.Pattern[str], ...]
    askers: tuple[re.Pattern[str], ...]
    link_hosts: frozenset[str]
    link_paths: tuple[re.Pattern[str], ...]
    sealers: frozenset[str]


@dataclass(frozen=True)
class Confirmation:
    """A mail that asks whether ``mailbox`` may forward to us; ``repr`` tells no secret.

    ``is_senders`` tells whether it names an address of the provider's as its own. Only then are
    the rest read; each is "" where the mail does not tell it.
    """

    provider: str
    is_senders: bool
    mailbox: str = ""
    code: str = ""
    link: str = ""

    def __repr__(self) -> str:
        return f"Confirmation({self.provider})"


@cache
def providers() -> tuple[Provider, ...]:
    return tuple(_provider(path) for path in sorted(FOLDER.glob("*.yaml")))


def name_of(code: str) -> str:
    """Return what a provider is called, or "" where it is none that we know."""
    return next((one.name for one in providers() if one.code == code), "")


def provider_of(mailbox: str) -> str:
    """Return the code of the provider whose domain a mailbox is of, else ``OTHER``."""
    domain = mailbox.rpartition("@")[2].lower()
    return next((one.code for one in providers() if domain in one.mailboxes), OTHER)


def sealers() -> frozenset[str]:
    """Return the domains whose seal (ARC) on a forwarded mail is believed."""
    return frozenset(domain for one in providers() for domain in one.sealers)


def confirmation_in(mail: Mail) -> Confirmation | None:
    """Return what ``mail`` asks for a provider, or None where it asks for nothing of the kind."""
    subject = plain.normalised(mail.subject)
    text = plain.normalised(mail.text[:MOST_READ])
    asking = [one for one in providers() if _has(one.subjects, subject) and _has(one.texts, text)]
    for one in asking:
        if mail.from_address in one.senders:
            both = f"{subject}\n{text}"
            return Confirmation(
                provider=one.code,
                is_senders=True,
                mailbox=_found(one.askers, both, "mailbox").strip(".,;:").lower(),
                code=_found(one.codes, f"{text}\n{subject}", "code"),
                link=_link(one, mail.links),
            )
    return Confirmation(asking[0].code, is_senders=False) if asking else None


def _link(provider: Provider, links: tuple[str, ...]) -> str:
    """Return the first link that leads to the provider's own pages, and nowhere else."""
    for link in links:
        try:
            parts = urlsplit(link)
            port = parts.port
        except ValueError:
            continue
        is_plain = link.isascii() and link.isprintable() and len(link) <= LONGEST_LINK
        is_own = parts.hostname in provider.link_hosts and "@" not in parts.netloc
        is_asked = _has(provider.link_paths, f"{parts.path}?{parts.query}")
        if is_plain and is_own and is_asked and parts.scheme == "https" and port in {None, 443}:
            return link
    return ""


def _has(signs: tuple[re.Pattern[str], ...], text: str) -> bool:
    return any(sign.search(text) for sign in signs)


def _found(signs: tuple[re.Pattern[str], ...], text: str, group: str) -> str:
    return next((match[group] for sign in signs if (match := sign.search(text))), "")


def _provider(path: Path) -> Provider:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    compiled = {
        name: tuple(patterns.compiled(source, {}) for source in data[name])
        for name in ("subjects", "texts", "code", "mailbox", "paths")
    }
    return Provider(
        code=data["provider"],
        name=data["name"],
        mailboxes=frozenset(data["mailboxes"]),
        senders=frozenset(data["senders"]),
        subjects=compiled["subjects"],
        texts=compiled["texts"],
        codes=compiled["code"],
        askers=compiled["mailbox"],
        link_hosts=frozenset(data["hosts"]),
        link_paths=compiled["paths"],
        sealers=frozenset(data["sealers"]),
    )
