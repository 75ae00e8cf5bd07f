import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from stores.marketplaces.core import (
    Answer,
    BadPayload,
    MarketplaceError,
    RateLimited,
    read_json,
    retry_after,
)

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


def _complaint(body: bytes) -> str:
    with pytest.raises(BadPayload) as refusal:
        read_json(body)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        pytest.param(b"", "answer is not JSON", id="empty"),
        pytest.param(b'{"a": 1', "answer is not JSON", id="cut"),
        pytest.param(b'{"a": NaN}', "answer holds a number that is none", id="NaN"),
        pytest.param(b'{"a": -Infinity}', "answer holds a number that is none", id="infinity"),
        pytest.param(b'{"a": "\xff"}', "answer is not UTF-8", id="latin-1"),
        pytest.param('{"a": 1}'.encode("utf-16"), "answer is not UTF-8", id="utf-16"),
        pytest.param(b"[" * 100_000, "answer is not JSON", id="nested beyond reason"),
        pytest.param(b"1" * 5_000, "answer is not JSON", id="a number of 5,000 digits"),
    ],
)
def test_read_json_refuses_what_is_no_json(body: bytes, complaint: str) -> None:
    assert _complaint(body) == complaint


def test_read_json_keeps_large_integers_and_fractions_exact() -> None:
    body = b'{"id": 9007199254740993, "amount": 0.1000000000000000055}'

    assert read_json(body) == {
        "id": 9_007_199_254_740_993,
        "amount": Decimal("0.1000000000000000055"),
    }


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("Tue, 01 Sep 2026 12:00:30 GMT", 30.0),
        ("Tue, 01 Sep 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_reads_seconds_and_dates(said: str, seconds: float | None) -> None:
    assert retry_after(Answer(429, {"retry-after": said}, b""), NOW) == seconds


def test_errors_show_code_and_request_and_nothing_that_could_be_smuggled_in() -> None:
    error = RateLimited(code="36009002\ntoken=abc def", request_id="2026" + "x" * 200)

    assert str(error) == (
        f"The marketplace asks for fewer calls (code 36009002tokenabcdef, request 2026{'x' * 60})"
    )
    assert "\n" not in repr(error)
    assert isinstance(error, MarketplaceError)


def test_json_that_the_sandbox_could_send_survives_a_round_trip() -> None:
    content = {"shops": [{"name": "Phố Nhỏ"}], "total": 2**63}

    assert read_json(json.dumps(content).encode()) == content
