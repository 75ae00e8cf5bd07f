import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from stores.marketplaces.core import (
    Answer,
    BadPayload,
    MarketplaceError,
    Node,
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


def _node(value: object) -> Node:
    return Node({"field": value}, "data").field("field")


def test_node_reads_each_form() -> None:
    assert _node(9_007_199_254_740_993).identifier() == "9007199254740993"
    assert _node("576461413038785752").identifier() == "576461413038785752"
    assert _node("1234567.89").money() == Decimal("1234567.89")
    assert _node(1_619_611_561).moment() == datetime(2021, 4, 28, 12, 6, 1, tzinfo=UTC)
    assert _node(0).moment_or_none() is None
    assert _node(None).moment_or_none() is None
    assert _node(None).flag() is False
    assert _node("Sen Vàng\u3000👩‍🌾").text() == "Sen Vàng\u3000👩‍🌾"
    assert _node("FULFILLMENT_by_2").code() == "FULFILLMENT_by_2"
    assert _node("93.4").percentage_or_none() == Decimal("93.4")
    assert _node("100").percentage_or_none() == Decimal(100)
    assert _node("2026-02-28").day() == date(2026, 2, 28)


@pytest.mark.parametrize("value", [None, ""])
def test_node_takes_a_blank_for_nothing(value: object) -> None:
    node = _node(value)

    assert (node.text_or_empty(), node.words(), node.reason()) == ("", "", "")
    assert node.code_or_none() is None
    assert node.identifier_or_none() is None
    assert node.money_or_none() is None
    assert node.percentage_or_none() is None


@pytest.mark.parametrize("value", [0, "0"])
def test_node_takes_the_id_nought_for_none(value: object) -> None:
    assert _node(value).identifier_or_none() is None


def test_node_puts_words_on_one_line_and_says_where_they_were_cut() -> None:
    assert _node(" Ảnh\r\n bị\x00mờ \ud800").words() == "Ảnh bị mờ"
    assert _node("x" * 12).words(longest=10) == "x" * 9 + "…"
    assert _node("x" * 10).words(longest=10) == "x" * 10


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        (True, True),
        ("TRUE", True),
        ("true ", True),
        (False, False),
        ("False", False),
        (None, False),
    ],
)
def test_node_reads_a_truth_that_was_written(value: object, truth: bool) -> None:  # noqa: FBT001
    assert _node(value).written_flag() is truth


@pytest.mark.parametrize(
    ("read", "value", "complaint"),
    [
        pytest.param("moment", True, "is not an integer", id="true is no time"),
        pytest.param("moment", "1619611561", "is not an integer", id="text is no time"),
        pytest.param("moment", Decimal("1.5"), "is not an integer", id="a fraction is no time"),
        pytest.param(
            "moment", 1_619_611_561_000, "is not a Unix time in seconds", id="milliseconds"
        ),
        pytest.param("moment", -1, "is not a Unix time in seconds", id="before 1970"),
        pytest.param("moment", None, "is missing", id="no time"),
        pytest.param("moment_or_none", False, "is not an integer", id="false is no time"),
        pytest.param("identifier", True, "is not text", id="true is no id"),
        pytest.param("identifier", "a b", "is not an id", id="an id with a space"),
        pytest.param("identifier", -4, "is not an id", id="a negative id"),
        pytest.param("money", "NaN", "is not an amount", id="NaN as text"),
        pytest.param("money", "1e9", "is not an amount", id="an exponent"),
        pytest.param("money", 12, "is not text", id="an amount as a number"),
        pytest.param("text", "", "is empty", id="empty text"),
        pytest.param("text", "x" * 256, "is too long", id="long text"),
        pytest.param("text", "a\x00b", "holds control characters", id="a null character"),
        pytest.param("text", "\ud800", "holds control characters", id="half a pair"),
        pytest.param("flag", "true", "is neither true nor false", id="a flag as text"),
        pytest.param("items", {}, "is not a list", id="an object is no list"),
        pytest.param("items", None, "is missing", id="no list"),
        pytest.param("count", -1, "is below zero", id="a negative count"),
        pytest.param("count_or_none", "1", "is not an integer", id="a count as text"),
        pytest.param("written_flag", "maybe", "is neither true nor false", id="no truth"),
        pytest.param("written_flag", 1, "is neither true nor false", id="one is no truth"),
        pytest.param("code", "two words", "is not a known form", id="a code of two words"),
        pytest.param("code", "x" * 41, "is not a known form", id="a long code"),
        pytest.param("code_or_none", 7, "is not text", id="a code as a number"),
        pytest.param("words", 7, "is not text", id="words as a number"),
        pytest.param("reason", ["x"], "is not text", id="a reason as a list"),
        pytest.param("identifier", "x" * 65, "is not an id", id="a long id"),
        pytest.param("identifier_or_none", False, "is not text", id="false is no id"),
        pytest.param("money", "123456789012345", "is not an amount", id="a vast amount"),
        pytest.param("percentage_or_none", "100.1", "is not a percentage", id="more than all"),
        pytest.param("percentage_or_none", 93, "is not text", id="a share as a number"),
        pytest.param("day", "2026-02-29", "is not a day", id="a day that never was"),
        pytest.param("day", "2026-2-9", "is not a day", id="a day without noughts"),
        pytest.param("currency", "vnd", "is not a currency", id="a currency in lower case"),
    ],
)
def test_node_names_the_field_that_is_wrong(read: str, value: object, complaint: str) -> None:
    with pytest.raises(BadPayload) as refusal:
        getattr(_node(value), read)()

    assert (refusal.value.path, refusal.value.complaint) == ("data.field", complaint)


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
