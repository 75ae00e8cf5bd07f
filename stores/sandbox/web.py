"""The little of HTTP that the sandbox needs."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qsl

StartResponse = Callable[[str, list[tuple[str, str]]], object]
WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_PAGES = Path(__file__).parent / "pages"
_REASONS = {
    200: "OK",
    303: "See Other",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
LARGEST_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request, its query and form decoded."""

    method: str
    path: str
    query: list[tuple[str, str]]
    body: bytes
    headers: Mapping[str, str]

    @classmethod
    def read(cls, environ: dict[str, Any]) -> "Request":
        length = int(environ.get("CONTENT_LENGTH") or 0)
        headers = {
            name[5:].replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        return cls(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", "/"),  # ours are all ASCII; others lead nowhere
            query=parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True),
            body=environ["wsgi.input"].read(min(length, LARGEST_BODY + 1)) if length else b"",
            headers=headers,
        )

    def parameter(self, name: str) -> str:
        return dict(self.query).get(name, "")

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def wants_json(self) -> bool:
        return "application/json" in self.headers.get("accept", "")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``announced`` is a Content-Length that the body does not keep."""

    status: int
    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)
    announced: int | None = None

    def send(self, start_response: StartResponse) -> list[bytes]:
        length = len(self.body) if self.announced is None else self.announced
        headers = [
            ("Content-Type", self.content_type),
            ("Content-Length", str(length)),
            ("Cache-Control", "no-store"),
            *self.headers,
        ]
        start_response(f"{self.status} {_REASONS[self.status]}", headers)
        return [self.body]


def as_json(content: object, status: int = 200, **headers: str) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status, body, "application/json; charset=utf-8", named)


def redirect(address: str) -> Response:
    return Response(303, b"", headers=[("Location", address)])


def page(name: str, status: int = 200, /, **values: str) -> Response:
    """Fill a page. Values are escaped, but for those whose name ends in ``_html``."""
    safe = {key: value if key.endswith("_html") else escape(value) for key, value in values.items()}
    style = (_PAGES / "style.css").read_text(encoding="utf-8")
    content = Template((_PAGES / name).read_text(encoding="utf-8")).substitute(safe)
    frame = Template((_PAGES / "frame.html").read_text(encoding="utf-8"))
    title = safe.get("title", "TikTok Shop sandbox")
    return Response(
        status, frame.substitute(title=title, style=style, content=content).encode("utf-8")
    )
