"""Plain rules of appeals: how long a text may be, what a file is by its first bytes."""

from typing import Final

# The marketplaces' own forms: what the appeal form takes, and the contact form (domain facts of
# the US seller centre, told by third parties in 2026).
APPEAL_FORM_LIMIT: Final = 1800
CONTACT_FORM_LIMIT: Final = 500
LIMITS: Final = {"appeal_form": APPEAL_FORM_LIMIT, "contact_form": CONTACT_FORM_LIMIT}

HEAD_BYTES: Final = 16
CONTENT_TYPES: Final = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp4": "video/mp4",
}
_STARTS: Final = (
    (b"%PDF-", "pdf"),
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
)


def document_suffix(head: bytes) -> str | None:
    """Return "pdf", "jpg", "png", "webp" or "mp4" by a file's first 16 bytes, or None."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return "mp4"
    return next((suffix for start, suffix in _STARTS if head.startswith(start)), None)


def as_sent(text: str) -> str:
    """Return a text with the line ends that the marketplace counts: one character each."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
