"""Raw bytes to a mail that can be read: decoded, stripped, the forwarded original unwrapped."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from enum import StrEnum
from typing import Literal

from stores import charsets, moments
from stores.mailin import markup, patterns, plain

MAX_HEADER = 4_000  # characters of one header that are looked at
MAX_SUBJECT = 300
MAX_TEXT = 200_000
SINGLE_HEADERS = (
    *("From", "Subject", "Date", "Reply-To", "Message-ID"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
)
MAX_PARTS = 60
MAX_ORIGINALS = 10
MAX_DEPTH = 3
MAX_NESTING = 40  # boundaries opened by one mail before it counts as hostile
HEADER_BLOCK = 12  # lines that a quoted header block may have

_FORWARDED = re.compile(
    r"(?:fwd?|转发|轉發|轉寄|转|chuyển tiếp|diteruskan|ส่งต่อ)\s*[:：]", re.IGNORECASE
)


class Problem(StrEnum):
    """What was wrong with a mail as it came; words for them are in ``words.py``."""

    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    TOO_MANY_PARTS = "too_many_parts"
    LETTERS_LOST = "letters_lost"
    NO_TEXT = "no_text"
    TEXT_CUT = "text_cut"
    NO_DATE = "no_date"
    ZONE_ASSUMED = "zone_assumed"
    DOUBLED_HEADER = "doubled_header"
    NO_SENDER = "no_sender"


# How a mail reached us: straight from its sender, or inside somebody else's.
How = Literal["direct", "attached", "inline"]


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    size: int


@dataclass(frozen=True)
class Mail:
    """One mail. ``sent_at`` is UTC; texts hold no links, no hidden parts and no scripts."""

    digest: str  # sha256 of the bytes, in hex
    how: How = "direct"
    message_id: str = ""
    from_address: str = ""
    from_name: str = ""
    reply_to: str = ""
    subject: str = ""
    sent_at: datetime | None = None
    text: str = ""
    html_text: str = ""  # where the mail says the same in HTML too
    link_hosts: tuple[str, ...] = ()
    links: tuple[str, ...] = field(default=(), repr=False, compare=False)  # as they stand
    attachments: tuple[Attachment, ...] = ()
    originals: tuple["Mail", ...] = ()  # the mails that this one forwards
    problems: tuple[Problem, ...] = ()
    raw: bytes = field(default=b"", repr=False, compare=False)

    @property
    def from_domain(self) -> str:
        return self.from_address.rpartition("@")[2]

    @property
    def notices(self) -> tuple["Mail", ...]:
        """The innermost mails: what a person forwarded, or the mail itself."""
        if not self.originals:
            return (self,)
        return tuple(inner for original in self.originals for inner in original.notices)


def read_mail(raw: bytes) -> Mail:
    """Return ``raw`` as a mail. It never raises: what could not be read is among ``problems``."""
    return _read(raw, how="direct", depth=0)


def _read(raw: bytes, *, how: How, depth: int) -> Mail:
    digest = hashlib.sha256(raw).hexdigest()
    # A mail nested like a Russian doll would end the parser by recursion.
    if len(re.findall(rb"boundary\s*=", raw, re.IGNORECASE)) > MAX_NESTING:
        head = raw[: (raw.find(b"\r\n\r\n") + 1 or raw.find(b"\n\n") + 1 or MAX_HEADER)]
        raw_head = re.sub(rb"(?im)^content-type:.*$", b"", head[:MAX_HEADER])
        shallow = _read(raw_head + b"\n\n", how=how, depth=depth)
        lost = (Problem.TOO_MANY_PARTS, Problem.UNREADABLE)
        return replace(shallow, digest=digest, raw=raw, problems=lost)
    try:
        message = message_from_bytes(raw, policy=policy.compat32)
        return _mail(message, raw, digest, how=how, depth=depth)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, MessageError):
        # The standard library's parser has raised each of these on some broken mail.
        return Mail(digest=digest, how=how, problems=(Problem.UNREADABLE,), raw=raw)


def _mail(message: Message, raw: bytes, digest: str, *, how: How, depth: int) -> Mail:
    name, address = _sender(message)
    reader = _PartReader(raw, depth)
    reader.read(message)
    text, html_text = reader.texts()
    problems = list(reader.problems)

    if any(len(message.get_all(name, [])) > 1 for name in SINGLE_HEADERS):
        problems.append(Problem.DOUBLED_HEADER)
    if not address:
        problems.append(Problem.NO_SENDER)
    sent_at = _sent_at(_header(message, "Date"))
    if sent_at is None:
        problems.append(Problem.NO_DATE)
    if not (text or html_text or reader.originals):
        problems.append(Problem.NO_TEXT)

    mail = Mail(
        digest=digest,
        how=how,
        message_id=_header(message, "Message-ID")[:200],
        from_address=address,
        from_name=name,
        reply_to=_first_address(_header(message, "Reply-To"))[1],
        subject=_header(message, "Subject")[:MAX_SUBJECT],
        sent_at=sent_at,
        text=text or html_text,
        html_text=html_text if text else "",
        link_hosts=reader.link_hosts(),
        links=reader.links(),
        attachments=tuple(reader.attachments),
        originals=tuple(reader.originals[:MAX_ORIGINALS]),
        problems=tuple(dict.fromkeys(problems)),
        raw=raw,
    )
    if not mail.originals and depth < MAX_DEPTH:
        mail = _with_quoted_original(mail, depth)
    return mail


class _PartReader:
    """Walks the parts of one message, and gathers what a person would see of them."""

    def __init__(self, raw: bytes, depth: int) -> None:
        self.raw = raw
        self.depth = depth
        self.plain: list[str] = []
        self.markup: list[str] = []
        self.attachments: list[Attachment] = []
        self.originals: list[Mail] = []
        self.problems: list[Problem] = []
        self._parts = 0

    def read(self, part: Message) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            self.problems.append(Problem.TOO_MANY_PARTS)
            return
        if _is_truncated(part):
            self.problems.append(Problem.TRUNCATED)
        kind = part.get_content_type()
        name = _clean(str(part.get_filename() or ""))[:200]
        if kind == "message/rfc822" or name.lower().endswith(".eml"):
            self._read_original(part)
        elif part.is_multipart():
            for inner in _messages(part):
                self.read(inner)
        else:
            self._read_leaf(part, kind, name)

    def texts(self) -> tuple[str, str]:
        """Return the plain text and the text of the HTML, either of them perhaps empty."""
        return self._kept(self.plain), self._kept([markup.text_of(one) for one in self.markup])

    def _kept(self, pieces: list[str]) -> str:
        text = markup.without_links(_clean("\n\n".join(pieces), keep_lines=True)).strip()
        if len(text) > MAX_TEXT:
            self.problems.append(Problem.TEXT_CUT)
        return text[:MAX_TEXT]

    def link_hosts(self) -> tuple[str, ...]:
        return markup.link_hosts("\n".join([*self.plain, *self.markup]))

    def links(self) -> tuple[str, ...]:
        return markup.links_in("\n".join([*self.plain, *self.markup]))

    def _read_leaf(self, part: Message, kind: str, name: str) -> None:
        body, sound = _body(part)
        if not sound:
            self.problems.append(Problem.TRUNCATED)
        attached = (part.get_content_disposition() or "") == "attachment"
        if attached or kind not in {"text/plain", "text/html"}:
            self.attachments.append(Attachment(name, kind[:100], len(body)))
            return
        declared = part.get_content_charset("") or ""
        if kind == "text/html" and not declared:
            declared = _charset_of_markup(body)
        decoded = charsets.decode(body, declared)
        if not decoded.sure:
            self.problems.append(Problem.LETTERS_LOST)
        (self.markup if kind == "text/html" else self.plain).append(decoded.text.replace("\0", ""))

    def _read_original(self, part: Message) -> None:
        raw = _attached_bytes(part, self.raw)
        name = _clean(str(part.get_filename() or ""))[:200]
        self.attachments.append(Attachment(name, part.get_content_type()[:100], len(raw)))
        if raw and self.depth < MAX_DEPTH:
            self.originals.append(_read(raw, how="attached", depth=self.depth + 1))


def _messages(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (inner for inner in payload if isinstance(inner, Message))


def _is_truncated(part: Message) -> bool:
    names = {type(defect).__name__ for defect in part.defects}
    return bool(
        names
        & {
            "CloseBoundaryNotFoundDefect",
            "StartBoundaryNotFoundDefect",
            "NoBoundaryInMultipartDefect",
            "MultipartInvariantViolationDefect",
        }
    )


def _body(part: Message) -> tuple[bytes, bool]:
    """Return a leaf's bytes, and whether all of them could be read."""
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        written = part.get_payload(decode=False)
        return (
            _from_base64(written.encode("ascii", "ignore"))
            if isinstance(written, str)
            else (b"", False)
        )
    payload = part.get_payload(decode=True)
    return (payload, True) if isinstance(payload, bytes) else (b"", False)


def _from_base64(written: bytes) -> tuple[bytes, bool]:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", written)
    whole = len(letters) // 4 * 4
    rest = len(letters) - whole
    try:
        decoded = base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return base64.b64decode(letters[:whole]), False
    # Encoders pad; figures that end without their padding were cut off.
    return decoded, rest == 0 or written.rstrip().endswith(b"=")


def _attached_bytes(part: Message, raw: bytes) -> bytes:
    """Return an attached mail byte for byte, since its signature holds for nothing else."""
    if part.get_content_type() != "message/rfc822":
        return _body(part)[0]
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        inner = next(_messages(part), None)
        text = inner.get_payload() if inner is not None else ""
        return _from_base64(text.encode("ascii", "replace"))[0] if isinstance(text, str) else b""
    inner = next(_messages(part), None)
    if inner is None:
        return b""
    written = inner.as_bytes(policy=policy.compat32.clone(max_line_length=0))
    return _as_it_came(inner, raw) or written


def _as_it_came(inner: Message, raw: bytes) -> bytes:
    """Find in ``raw`` the very bytes that ``inner`` was parsed from."""
    first = next(iter(inner.items()), None)
    if first is None:
        return b""
    opening = first[0].encode("ascii", "surrogateescape") + b":"
    for boundary in re.findall(rb'boundary\s*=\s*"?([^"\s;]{1,70})"?', raw, re.IGNORECASE):
        for chunk in re.split(
            rb"\r?\n--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?=\r?\n|\Z)", raw
        )[1:]:
            head, gap, body = _split_head(chunk.lstrip(b"\r\n"))
            if gap and re.search(rb"(?im)^content-type:\s*message/rfc822", head):
                body = re.sub(rb"\A(?:\r?\n)+", b"", body)
                same = _header_bytes(body, b"message-id") == _header_bytes(
                    inner.as_bytes(), b"message-id"
                )
                if body.startswith(opening) and same:
                    return body
    return b""


def _split_head(chunk: bytes) -> tuple[bytes, bytes, bytes]:
    match = re.search(rb"\r?\n\r?\n", chunk)
    if match is None:
        return chunk, b"", b""
    return chunk[: match.start()], match[0], chunk[match.end() :]


def _header_bytes(message: bytes, name: bytes) -> bytes:
    match = re.search(rb"(?im)^" + name + rb":[ \t]*([^\r\n]*)", message[:20_000])
    return match[1].strip() if match else b""


def _charset_of_markup(body: bytes) -> str:
    match = re.search(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,40})", body[:2048], re.IGNORECASE)
    return match[1].decode("ascii") if match else ""


def _header(message: Message, name: str) -> str:
    """Return a header decoded on one line, whatever was put in it."""
    return _decoded_header(_raw_header(message, name))


def _decoded_header(value: str) -> str:
    try:
        pieces = decode_header(value)
    except (ValueError, MessageError):
        return _clean(value)
    words = []
    for piece, charset in pieces:
        if isinstance(piece, str):
            words.append(piece)
        elif charset is None:
            words.append(piece.decode("raw-unicode-escape", "replace"))
        else:
            words.append(charsets.decode(piece, charset).text)
    return _clean("".join(words))


def _clean(text: str, *, keep_lines: bool = False) -> str:
    """Drop what no database keeps and no person sees: NULs, controls, lone surrogates."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    allowed = "\n\t" if keep_lines else ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(
        letter if letter.isprintable() or letter in allowed or letter == "\u3000" else " "
        for letter in text
    )
    return text if keep_lines else " ".join(text.split())


def _sender(message: Message) -> tuple[str, str]:
    return _first_address(_raw_header(message, "From"))


def _raw_header(message: Message, name: str) -> str:
    """Return a header as it stands, bytes beyond ASCII read in whatever they are in."""
    for known, value in message.raw_items():
        if known.lower() == name.lower():
            written = str(value)[:MAX_HEADER].encode("utf-8", "surrogateescape")
            return charsets.decode(written).text
    return ""


def _first_address(value: str) -> tuple[str, str]:
    """Return name and address of the only mailbox in ``value``; two of them are none."""
    try:
        found = [(name, address) for name, address in getaddresses([value]) if name or address]
    except (ValueError, TypeError, IndexError, RecursionError):
        return "", ""
    if len(found) != 1:
        return "", ""
    name, address = found[0]
    address = _clean(address).lower()
    if not re.fullmatch(r"[^@\s<>\"]{1,100}@[^@\s<>\"]{1,253}", address):
        address = ""
    return _decoded_header(name)[:200], address


def _sent_at(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
        # "-0000" says that the zone is unknown, and the figures are UTC.
        parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
        moment = parsed.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moments.is_believable(moment) else None


# -- What a person forwarded as text ----------------------------------------------------------


def _with_quoted_original(mail: Mail, depth: int) -> Mail:
    quoted = _quoted(mail.text, mail.subject)
    if quoted is None:
        return mail
    in_html = _quoted(mail.html_text, mail.subject) if mail.html_text else None
    headers, body = quoted
    name, address = _first_address(headers.get("from", "").rstrip("; "))
    sent_at, problems = _quoted_date(headers.get("date", ""))
    if Problem.LETTERS_LOST in mail.problems:
        problems.append(Problem.LETTERS_LOST)
    if Problem.TRUNCATED in mail.problems:
        problems.append(Problem.TRUNCATED)
    if not address:
        problems.append(Problem.NO_SENDER)
    original = Mail(
        digest=hashlib.sha256(body.encode()).hexdigest(),
        how="inline",
        from_address=address,
        from_name=name,
        subject=headers.get("subject", "")[:MAX_SUBJECT],
        sent_at=sent_at,
        text=body,
        html_text=in_html[1] if in_html else "",
        link_hosts=mail.link_hosts,
        problems=tuple(problems),
    )
    if depth + 1 < MAX_DEPTH:
        original = _with_quoted_original(original, depth + 1)
    return replace(mail, originals=(original,))


def _quoted(text: str, subject: str) -> tuple[dict[str, str], str] | None:
    """Return the header block and the words of the mail that ``text`` quotes, if it does."""
    lines = plain.unquoted(text).split("\n")
    signs = [plain.normalised(line).strip() for line in lines]
    for at, sign in enumerate(signs):
        if 0 < len(sign) < 120 and _is_marker(sign):  # noqa: PLR2004 - no marker is longer
            found = _header_block(lines, signs, at + 1)
            if found is not None:
                return found
    if _FORWARDED.match(subject):
        for at in range(len(signs)):
            found = _header_block(lines, signs, at)
            if found is not None and {"from", "subject"} <= found[0].keys():
                return found
    return None


def _is_marker(sign: str) -> bool:
    return any(
        marker.search(sign)
        for language in patterns.languages()
        for marker in language.forwarding.markers
    )


def _header_block(lines: list[str], signs: list[str], at: int) -> tuple[dict[str, str], str] | None:
    headers: dict[str, str] = {}
    started = False
    for here in range(at, min(at + HEADER_BLOCK, len(lines))):
        if not signs[here]:
            if started:
                return (
                    (headers, "\n".join(lines[here + 1 :]).strip()) if _is_block(headers) else None
                )
            continue
        label, colon, _ = signs[here].partition(":")
        kind = _label_kinds().get(label.strip().lower()) if colon else None
        if kind is None:
            if not started or not _is_block(headers):
                return None
            return headers, "\n".join(lines[here:]).strip()
        started = True
        value = re.split(r"[:：]", lines[here], maxsplit=1)[1].strip()
        headers.setdefault(kind, value)
    return None


def _is_block(headers: dict[str, str]) -> bool:
    return "from" in headers and len(headers) >= 2  # noqa: PLR2004 - one label may be chance


def _label_kinds() -> dict[str, str]:
    return {
        label: kind
        for language in patterns.languages()
        for label, kind in language.forwarding.labels.items()
    }


def _quoted_date(value: str) -> tuple[datetime | None, list[Problem]]:
    """Read the date of a quoted header block; without a zone it is whose program wrote it."""
    if not value:
        return None, [Problem.NO_DATE]
    found = next(moments.find_moments(plain.normalised(value), zone=UTC), None)
    if found is None or found.moment is None:
        return None, [Problem.NO_DATE]
    return found.moment.at, [] if found.moment.has_zone else [Problem.ZONE_ASSUMED]
