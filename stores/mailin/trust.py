"""How far a mail can be believed: by signatures that hold, never by what it says of itself.

Proven: the marketplace's own DKIM signature is valid, covers what we read, and is of the sender's
domain; or a mailbox provider that we trust saw that it was, and sealed its word for it (ARC,
RFC 8617). Unverified: an address that the agency confirmed, with its own domain's valid signature,
forwarded it to a secret address. Everything else is suspicious and never acts.
"""

import difflib
import logging
import re
import time
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes
from email.utils import getaddresses
from typing import Any, Literal

import dkim
import dns.exception
import dns.resolver

from stores.mailin import seals
from stores.mailin.envelope import Mail, Problem

Level = Literal["proven", "unverified", "suspicious"]
# (name, timeout in seconds) -> the TXT record, or None where there is none.
Resolver = Callable[[str, float], bytes | None]

MAX_SIGNATURES = 4
MAX_SEALS = 6  # hops of a chain; an honest forward has two or three
LOOKUP_SECONDS = 4.0
ALL_SECONDS = 12.0
MIN_KEY_BITS = 1024
ALIKE = 0.8  # likeness of names from which a stranger counts as an imitation
SHORTEST_ALIKE = 5  # letters; shorter names resemble each other by chance
_ENDINGS = {"info", "email", "shop", "store", "localhost", "example"}
# Marketplaces' own, seen in links and pictures of their mails, though they send no mail from them.
LINKED = (
    "tiktokcdn.com", "tiktokcdn-us.com", "tiktokv.com", "tiktokshop.com", "tiktokglobalshop.com",
    "ttwstatic.com", "shopeemobile.com", "lazcdn.com", "lazada-seller.cn",
)  # fmt: skip
# Canonicalizing a body with longer runs of blanks takes quadratic time.
LONG_BLANKS = re.compile(rb"[ \t]{1000}")
MUST_COVER = (b"from", b"subject", b"date")

_QUIET = logging.getLogger("stores.mailin.dkim")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # a stranger's broken signature is no error of ours


_LIMITS: dict[str, Any] = {
    "logger": _QUIET,
    "minkey": MIN_KEY_BITS,
    "timeout": LOOKUP_SECONDS,
}
# A hostile signature or key record can end the verifier in each of these.
_ENDS_A_VERIFIER = (
    dkim.DKIMException, ValueError, KeyError, IndexError, TypeError, ArithmeticError,
)  # fmt: skip


class LookupFailed(Exception):
    """The key could not be asked for; that says nothing about the mail."""


@dataclass(frozen=True)
class Trust:
    """A judgement. ``notices`` are the mails whose words it covers; read nothing else.

    ``again`` is set where keys could not be looked up: judge the mail anew later.
    """

    level: Level
    reasons: tuple[str, ...]
    notices: tuple[Mail, ...]
    again: bool = False

    @property
    def acts(self) -> bool:
        return self.level != "suspicious"


def judge(
    raw: bytes,
    mail: Mail,
    *,
    resolver: Resolver,
    marketplace_domains: Collection[str],
    forwarders: Collection[str],
    route_is_secret: bool,
    now: datetime,
    sealers: Collection[str] = (),
) -> Trust:
    """Return how far ``mail``, read from ``raw``, can be believed.

    ``marketplace_domains`` are those that marketplaces send from; ``forwarders`` the addresses the
    agency confirmed; ``route_is_secret`` whether it came to an address that only they know.
    ``sealers`` are the domains whose seal on what they saw at their own door is believed.
    """
    judge_ = _Judge(resolver, marketplace_domains, forwarders, now, sealers)
    return judge_.of_outer(raw, mail, route_is_secret=route_is_secret)


def judge_sender(raw: bytes, mail: Mail, *, resolver: Resolver, now: datetime) -> Trust:
    """Return whether ``mail`` is proven to be of the domain that it names as its sender's."""
    return _Judge(resolver, (), (), now).of_sender(raw, mail)


Outcome = Literal[
    "valid", "missing", "broken", "partial", "of_another", "unchecked", "expired", "odd"
]
# What the seals of one message came to. "silent": they hold, and do not say that it was signed.
Seal = Literal["vouches", "none", "broken", "of_unknown", "silent", "unchecked"]


@dataclass(frozen=True)
class _Signatures:
    """What the signatures of one message came to, for the domain of its sender."""

    result: Outcome

    @property
    def reason(self) -> str:
        return "too_odd_to_check" if self.result == "odd" else f"signature_{self.result}"


@dataclass
class _Judge:
    resolver: Resolver
    domains: Collection[str]
    forwarders: Collection[str]
    now: datetime
    sealers: Collection[str] = ()
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.domains = frozenset(domain.lower().strip(".") for domain in self.domains)
        self.forwarders = frozenset(address.lower() for address in self.forwarders)

    def of_outer(self, raw: bytes, mail: Mail, *, route_is_secret: bool) -> Trust:
        tricks = self._tricks(mail)
        if not mail.from_address:
            return Trust("suspicious", (_why_no_sender(raw),), mail.notices)

        if self._is_marketplace(mail.from_domain):
            signatures = self._signatures(raw, mail)
            if signatures.result == "valid":
                return self._proven(mail, "marketplace_signature")
            seal = self._seal(raw, mail, signatures)
            if seal == "vouches":
                return self._proven(mail, "provider_seal")
            return self._suspicious(mail, signatures.reason, *_said_of_seal(seal), *tricks)

        originals = [self._of_original(original) for original in mail.originals]
        if originals and all(one.level == "proven" for one in originals):
            return _all_of(originals)
        return self._of_forwarder(raw, mail, originals, tricks, route_is_secret=route_is_secret)

    def of_sender(self, raw: bytes, mail: Mail) -> Trust:
        if not mail.from_address:
            return Trust("suspicious", (_why_no_sender(raw),), mail.notices)
        signatures = self._signatures(raw, mail)
        if signatures.result == "valid":
            return self._proven(mail, "sender_signature")
        return self._suspicious(mail, signatures.reason)

    def _of_forwarder(
        self,
        raw: bytes,
        mail: Mail,
        originals: list[Trust],
        tricks: list[str],
        *,
        route_is_secret: bool,
    ) -> Trust:
        if mail.from_address not in self.forwarders:
            return self._suspicious(mail, *tricks, *self._bad(originals), "unknown_sender")
        signatures = self._signatures(raw, mail)
        if signatures.result != "valid":
            return self._suspicious(mail, signatures.reason)
        if not route_is_secret:
            return self._suspicious(mail, "route_not_secret")
        if bad := self._bad(originals):
            return self._suspicious(mail, *bad)
        if not originals:
            reasons = ["known_forwarder", "original_unknown"]
        else:
            reasons = ["known_forwarder", "original_unproven"]
        return Trust("unverified", tuple(reasons), mail.notices)

    def _of_original(self, mail: Mail) -> Trust:
        """Judge a forwarded original by itself; "unverified" here: nothing speaks against it."""
        if not self._is_marketplace(mail.from_domain):
            return self._of_stranger(mail)
        if mail.how == "attached":
            signatures = self._signatures(mail.raw, mail)
            if signatures.result == "valid":
                return self._proven(mail, "original_signature")
            seal = self._seal(mail.raw, mail, signatures)
            if seal == "vouches":
                return self._proven(mail, "provider_seal")
            if signatures.result not in {"missing", "expired"}:
                return self._suspicious(mail, signatures.reason, *_said_of_seal(seal))
        if tricks := self._tricks(mail):
            return self._suspicious(mail, *tricks)
        return Trust("unverified", ("original_unproven",), mail.notices)

    def _of_stranger(self, mail: Mail) -> Trust:
        """Judge an original that no marketplace sent: a forward of a forward, or not ours."""
        inner = [self._of_original(original) for original in mail.originals]
        bad = self._tricks(mail) + self._bad(inner)
        if not inner and mail.from_address:
            bad = bad or ["original_from_elsewhere"]
        if bad:
            return self._suspicious(mail, *bad)
        if inner and all(one.level == "proven" for one in inner):
            return _all_of(inner)
        return Trust("unverified", ("original_unproven",), mail.notices)

    def _proven(self, mail: Mail, reason: str) -> Trust:
        # Its whole text is the sender's word, whatever it quotes.
        return Trust("proven", (reason,), (replace(mail, originals=()),))

    def _suspicious(self, mail: Mail, *reasons: str) -> Trust:
        again = not {"signature_unchecked", "seal_unchecked"}.isdisjoint(reasons)
        return Trust("suspicious", tuple(dict.fromkeys(reasons)), mail.notices, again=again)

    def _bad(self, trusts: list[Trust]) -> list[str]:
        bad = [reason for one in trusts if one.level == "suspicious" for reason in one.reasons]
        return list(dict.fromkeys(bad))

    # -- imitation -----------------------------------------------------------------------------

    def _tricks(self, mail: Mail) -> list[str]:
        """Return what about sender, answer address and links imitates a marketplace."""
        tricks = []
        if mail.from_address and not self._is_marketplace(mail.from_domain):
            if self._imitates(mail.from_domain):
                tricks.append("lookalike_domain")
            if self._names_marketplace(mail.from_name):
                tricks.append("name_pretends")
        reply_domain = mail.reply_to.rpartition("@")[2]
        if reply_domain and self._imitates(reply_domain):
            tricks.append("lookalike_reply")
        strange = [host for host in mail.link_hosts if not _is_under(host, LINKED)]
        if any(self._imitates(host) for host in strange):
            tricks.append("lookalike_link")
        return tricks

    def _is_marketplace(self, domain: str) -> bool:
        return _is_under(domain, self.domains)

    def _imitates(self, domain: str) -> bool:
        """Tell whether ``domain`` is none of the marketplaces' but made to be taken for one."""
        domain = domain.lower().strip(".")
        if not domain or self._is_marketplace(domain):
            return False
        labels = [_skeleton(label) for label in _readable_domain(domain).split(".")]
        for name in self._names():
            for label in labels:
                words = [label, *re.split(r"[-_]", label), label.replace("-", "")]
                if any(name in word or _alike(name, word) for word in words):
                    return True
        return False

    def _names_marketplace(self, shown: str) -> bool:
        """Tell whether a display name speaks for a marketplace, or shows one's address."""
        folded = _skeleton(unicodedata.normalize("NFKC", shown))
        squeezed = re.sub(r"[^a-z0-9]", "", folded)
        return any(name in squeezed for name in self._names())

    def _names(self) -> set[str]:
        """Return the marketplaces' names: their domains' last label before com, co.th and such."""
        names = set()
        for domain in self.domains:
            labels = domain.split(".")
            while len(labels) > 1 and (len(labels[-1]) <= 3 or labels[-1] in _ENDINGS):  # noqa: PLR2004
                labels.pop()
            names.add(_skeleton(labels[-1]))
        return {name for name in names if len(name) >= SHORTEST_ALIKE}

    # -- signatures ----------------------------------------------------------------------------

    def _signatures(self, raw: bytes, mail: Mail) -> _Signatures:
        """Verify the message's own signatures for its sender's domain, a few and for a while."""
        if _is_odd(raw, mail):
            return _Signatures("odd")
        try:
            verifier = dkim.DKIM(_with_crlf(raw), **_LIMITS)
        except (dkim.DKIMException, IndexError):
            return _Signatures("odd")
        count = sum(1 for name, _value in verifier.headers if name.lower() == b"dkim-signature")
        if not count:
            return _Signatures("missing")

        results = [
            self._signature(verifier, at, mail.from_domain)
            for at in range(min(count, MAX_SIGNATURES))
        ]
        for result in ("valid", "unchecked", "broken", "partial", "expired"):
            if _Signatures(result) in results:
                return _Signatures(result)
        return _Signatures("of_another")

    def _signature(self, verifier: dkim.DKIM, at: int, sender_domain: str) -> _Signatures:
        failed: list[str] = []
        try:
            tags, covered, _headers = verifier.verify_headerprep(at)
            if not self._is_of(tags[b"d"].decode("ascii").lower(), sender_domain):
                return _Signatures("of_another")
            if b"x" in tags and int(tags[b"x"]) < self.now.timestamp():
                return _Signatures("expired")
            valid = bool(verifier.verify(at, dnsfunc=self._look_up(failed)))
        except _ENDS_A_VERIFIER:
            return _Signatures("unchecked" if failed else "broken")
        if valid:
            whole = self._is_whole(tags, covered, verifier)
            return _Signatures("valid" if whole else "partial")
        return _Signatures("unchecked" if failed else "broken")

    def _look_up(self, failed: list[str]) -> Callable[..., bytes | None]:
        """Return what asks for keys in the time left, and notes in ``failed`` if it cannot."""

        def look_up(name: bytes, timeout: float = LOOKUP_SECONDS) -> bytes | None:
            left = ALL_SECONDS - (time.monotonic() - self.started)
            if left <= 0:
                failed.append("time")
                return None
            try:
                return self.resolver(name.decode("ascii"), min(timeout, left))
            except (LookupFailed, UnicodeDecodeError):
                failed.append("lookup")
                return None

        return look_up

    # -- seals ---------------------------------------------------------------------------------

    def _seal(self, raw: bytes, mail: Mail, signatures: _Signatures) -> Seal:
        """Return what providers' seals say of the marketplace's signature at their own door.

        A signature that left room to change the mail says nothing for it, whoever saw it hold.
        """
        if not self.sealers or signatures.result in {"odd", "partial"}:
            return "none"
        failed: list[str] = []
        try:
            verifier = dkim.ARC(_with_crlf(raw), **_LIMITS)
            return self._chain(verifier, mail.from_domain, failed)
        except _ENDS_A_VERIFIER:
            return "unchecked" if failed else "broken"

    def _chain(self, verifier: dkim.ARC, sender_domain: str, failed: list[str]) -> Seal:
        count, headers = verifier.sorted_arc_headers()
        if not count:
            return "none"
        if count > MAX_SEALS or len(headers) > 3 * MAX_SEALS:
            return "broken"
        chain, hops, _why = verifier.verify(dnsfunc=self._look_up(failed))
        if chain != dkim.CV_Pass:
            return "unchecked" if failed else "broken"
        if not self._is_whole(*seals.newest_signature(headers, count), verifier):
            return "broken"
        if self._leaves_room(verifier, sender_domain):
            return "silent"
        return self._vouched(hops, sender_domain)

    def _vouched(self, hops: list[dict[str, Any]], sender_domain: str) -> Seal:
        """Go back from the newest hop as far as all are trusted, and read what each of them saw."""
        for hop in hops:
            names = (hop["as-domain"], hop["ams-domain"])
            sealers = {name.decode("ascii", "replace").lower() for name in names}
            if not all(_is_under(sealer, self.sealers) for sealer in sealers):
                return "of_unknown"
            passed = seals.domains_passed(hop["aar-value"].decode("utf-8", "replace"))
            if any(self._is_of(domain, sender_domain) for domain in passed):
                return "vouches"
        return "silent"

    def _leaves_room(self, verifier: dkim.ARC, sender_domain: str) -> bool:
        """Tell whether a signature for the sender's domain covers less than all that is read."""
        for name, value in verifier.headers:
            if name.lower() != b"dkim-signature":
                continue
            tags, covered = seals.tags_of(value)
            signer = tags.get(b"d", b"").decode("ascii", "replace").lower()
            if self._is_of(signer, sender_domain) and not _covers_all(tags, covered):
                return True
        return False

    def _is_of(self, signer: str, sender_domain: str) -> bool:
        """Relaxed alignment: the sender's own domain, or one of the marketplace's above it."""
        if signer == sender_domain:
            return True
        for known in self.domains:
            if _is_under(sender_domain, [known]) and _is_under(signer, [known]):
                return True
        return sender_domain.endswith("." + signer) and signer.count(".") >= 1

    def _is_whole(
        self, tags: Mapping[bytes, bytes], covered: list[bytes], verifier: dkim.DKIM
    ) -> bool:
        """Refuse signatures that leave room to change what we read."""
        if not _covers_all(tags, covered):
            return False
        # Many senders leave Content-Type unsigned. The body is signed all the same, so the parts
        # cannot be cut anew where it begins and ends with the boundary that is named.
        if b"content-type" in covered:
            return True
        types = [value for name, value in verifier.headers if name.lower() == b"content-type"]
        in_parts = any(b"multipart" in value.lower() for value in types)
        return not in_parts or _is_framed(types[0], verifier.body)


def _why_no_sender(raw: bytes) -> str:
    """Return why a mail has no one sender: it names none, or several."""
    written = map(str, message_from_bytes(raw).get_all("From", []))
    named = any("@" in address for _name, address in getaddresses(list(written)))
    return "several_senders" if named else "sender_missing"


def _all_of(proven: list[Trust]) -> Trust:
    reasons = dict.fromkeys(reason for one in proven for reason in one.reasons)
    return Trust("proven", tuple(reasons), tuple(mail for one in proven for mail in one.notices))


def _covers_all(tags: Mapping[bytes, bytes], covered: Collection[bytes]) -> bool:
    if b"l" in tags or tags.get(b"a", b"").lower() == b"rsa-sha1":
        return False
    return all(name in covered for name in MUST_COVER)


def _said_of_seal(seal: Seal) -> tuple[str, ...]:
    return () if seal == "none" else (f"seal_{seal}",)


def _is_odd(raw: bytes, mail: Mail) -> bool:
    # The mail's reader takes a lone CR for a line's end, the signature's does not.
    head = raw.replace(b"\r\n\r\n", b"\n\n", 1).split(b"\n\n")[0]
    lone_return = re.search(rb"\r(?!\n)", head)
    doubled = Problem.DOUBLED_HEADER in mail.problems
    return bool(doubled or lone_return or LONG_BLANKS.search(raw))


def _with_crlf(raw: bytes) -> bytes:
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw)


def _is_framed(content_type: bytes, body: bytes) -> bool:
    # The boundary is asked of the parser that will cut the mail: two opinions would be a gap.
    part = message_from_bytes(b"Content-Type:" + content_type.strip(b"\r\n") + b"\r\n\r\n")
    named = part.get_boundary("")
    if not named or not named.isascii():
        return False
    boundary = b"--" + named.encode()
    lines = body.strip(b"\r\n").split(b"\r\n")
    return lines[0].rstrip() == boundary and lines[-1].rstrip() == boundary + b"--"


def dns_resolver(name: str, timeout: float) -> bytes | None:
    """Ask the DNS for the TXT record of ``name``.

    Raises:
        LookupFailed: if there was no answer in time, which is not the answer that there is none.
    """
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=timeout, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return None
    except dns.exception.DNSException as error:
        raise LookupFailed(name) from error
    for record in answer.rrset or ():
        return b"".join(record.strings)
    return None


def with_published(keys: Mapping[str, bytes], resolver: Resolver) -> Resolver:
    """Return a resolver that knows ``keys`` by name without asking, and asks ``resolver`` else."""
    known = {name.lower().rstrip("."): key for name, key in keys.items()}

    def resolve(name: str, timeout: float) -> bytes | None:
        key = known.get(name.lower().rstrip("."))
        return key if key is not None else resolver(name, timeout)

    return resolve


def _is_under(domain: str, tops: Collection[str]) -> bool:
    return any(domain == top or domain.endswith("." + top) for top in tops)


def _readable_domain(domain: str) -> str:
    """Return ``domain`` as a browser would show it: punycode labels decoded."""
    labels = []
    for label in domain.split("."):
        shown = label
        if label.startswith("xn--"):
            try:
                shown = label[4:].encode("ascii").decode("punycode")
            except ValueError:
                shown = label
        labels.append(shown)
    return ".".join(labels)


# Letters that pass for others at a glance: digits, Cyrillic, Greek.
_LOOKS = str.maketrans(
    {
        **dict(zip("0134578@$", "oleastbas", strict=True)),
        **dict(zip("аеорсухіјѕԁӏктн", "aeopcyxijsdlkth", strict=True)),
        **dict(zip("οαερικτν", "oaepiktv", strict=True)),
    }
)


def _skeleton(text: str) -> str:
    """Return ``text`` as a hurried reader takes it in."""
    folded = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    bare = bare.translate(_LOOKS).replace("rn", "m").replace("vv", "w")
    return bare.replace("1", "l").replace("l", "i")


def _alike(name: str, word: str) -> bool:
    if abs(len(name) - len(word)) > 2 or len(word) < SHORTEST_ALIKE:  # noqa: PLR2004 - two slips
        return False
    return difflib.SequenceMatcher(None, name, word).ratio() >= ALIKE
