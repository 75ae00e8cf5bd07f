from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from stores.marketplaces import read
from stores.marketplaces.core import BadPayload, Node


def test_read_knows_each_form() -> None:
    assert read.identifier(9_007_199_254_740_993) == "9007199254740993"
    assert read.identifier("576461413038785752") == "576461413038785752"
    assert read.money("1234567.89") == Decimal("1234567.89")
    assert read.moment(1_619_611_561) == datetime(2021, 4, 28, 12, 6, 1, tzinfo=UTC)
    assert read.moment_or_none(0) is None
    assert read.moment_or_none(None) is None
    assert read.flag(None) is False
    assert read.text("Sen Vàng\u3000👩‍🌾") == "Sen Vàng\u3000👩‍🌾"
    assert read.code("FULFILLMENT_by_2") == "FULFILLMENT_by_2"
    assert read.percentage_or_none("93.4") == Decimal("93.4")
    assert read.percentage_or_none("100") == Decimal(100)
    assert read.day("2026-02-28") == date(2026, 2, 28)


@pytest.mark.parametrize("value", [None, ""])
def test_read_takes_a_blank_for_nothing(value: object) -> None:
    assert (read.text_or_empty(value), read.words(value), read.reason(value)) == ("", "", "")
    assert read.code_or_none(value) is None
    assert read.identifier_or_none(value) is None
    assert read.money_or_none(value) is None
    assert read.percentage_or_none(value) is None


@pytest.mark.parametrize("value", [0, "0"])
def test_read_takes_the_id_nought_for_none(value: object) -> None:
    assert read.identifier_or_none(value) is None


def test_read_puts_words_on_one_line_and_says_where_they_were_cut() -> None:
    assert read.words(" Ảnh\r\n bị\x00mờ \ud800") == "Ảnh bị mờ"
    assert read.words("x" * 12, longest=10) == "x" * 9 + "…"
    assert read.words("x" * 10, longest=10) == "x" * 10


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
def test_read_knows_a_truth_that_was_written(value: object, truth: bool) -> None:  # noqa: FBT001
    assert read.written_flag(value) is truth


@pytest.mark.parametrize(
    ("reader", "value", "complaint"),
    [
        pytest.param(read.moment, True, "is not an integer", id="true is no time"),
        pytest.param(read.moment, "1619611561", "is not an integer", id="text is no time"),
        pytest.param(read.moment, Decimal("1.5"), "is not an integer", id="a fraction is no time"),
        pytest.param(
            read.moment, 1_619_611_561_000, "is not a Unix time in seconds", id="milliseconds"
        ),
        pytest.param(read.moment, -1, "is not a Unix time in seconds", id="before 1970"),
        pytest.param(read.moment, None, "is missing", id="no time"),
        pytest.param(read.moment_or_none, False, "is not an integer", id="false is no time"),
        pytest.param(read.identifier, True, "is not text", id="true is no id"),
        pytest.param(read.identifier, "a b", "is not an id", id="an id with a space"),
        pytest.param(read.identifier, -4, "is not an id", id="a negative id"),
        pytest.param(read.money, "NaN", "is not an amount", id="NaN as text"),
        pytest.param(read.money, "1e9", "is not an amount", id="an exponent"),
        pytest.param(read.money, 12, "is not text", id="an amount as a number"),
        pytest.param(read.text, "", "is empty", id="empty text"),
        pytest.param(read.text, "x" * 256, "is too long", id="long text"),
        pytest.param(read.text, "a\x00b", "holds control characters", id="a null character"),
        pytest.param(read.text, "\ud800", "holds control characters", id="half a pair"),
        pytest.param(read.flag, "true", "is neither true nor false", id="a flag as text"),
        pytest.param(read.size, {}, "is not a list", id="an object has no size"),
        pytest.param(read.count, -1, "is below zero", id="a negative count"),
        pytest.param(read.count_or_none, "1", "is not an integer", id="a count as text"),
        pytest.param(read.written_flag, "maybe", "is neither true nor false", id="no truth"),
        pytest.param(read.written_flag, 1, "is neither true nor false", id="one is no truth"),
        pytest.param(read.code, "two words", "is not a known form", id="a code of two words"),
        pytest.param(read.code, "x" * 41, "is not a known form", id="a long code"),
        pytest.param(read.code_or_none, 7, "is not text", id="a code as a number"),
        pytest.param(read.words, 7, "is not text", id="words as a number"),
        pytest.param(read.reason, ["x"], "is not text", id="a reason as a list"),
        pytest.param(read.identifier, "x" * 65, "is not an id", id="a long id"),
        pytest.param(read.identifier_or_none, False, "is not text", id="false is no id"),
        pytest.param(read.money, "123456789012345", "is not an amount", id="a vast amount"),
        pytest.param(read.percentage_or_none, "100.1", "is not a percentage", id="more than all"),
        pytest.param(read.percentage_or_none, 93, "is not text", id="a share as a number"),
        pytest.param(read.day, "2026-02-29", "is not a day", id="a day that never was"),
        pytest.param(read.day, "2026-2-9", "is not a day", id="a day without noughts"),
        pytest.param(read.currency, "vnd", "is not a currency", id="a currency in lower case"),
    ],
)
def test_node_names_the_field_that_is_wrong(
    reader: Callable[[object], object], value: object, complaint: str
) -> None:
    with pytest.raises(BadPayload) as refusal:
        Node({"field": value}, "data").get("field", reader)

    assert (refusal.value.path, refusal.value.complaint) == ("data.field", complaint)


def test_node_names_the_member_of_a_list_that_is_wrong() -> None:
    listed = Node({"codes": ["ONE", "no code", {"id": -1}]}, "data").field("codes")
    first, second, third = listed.items()

    assert first.read(read.code) == "ONE"
    with pytest.raises(BadPayload, match=r"^data\.codes\[1\] is not a known form$"):
        second.read(read.code)
    with pytest.raises(BadPayload, match=r"^data\.codes\[2\]\.id is not an id$"):
        third.get("id", read.identifier)


@pytest.mark.parametrize("value", [None, [], "text", 1])
def test_node_has_no_fields_where_it_is_no_object(value: object) -> None:
    node = Node(value, "data")

    with pytest.raises(BadPayload, match=r"^data is not an object$"):
        node.get("field", read.code)
    with pytest.raises(BadPayload, match=r"^data is not an object$"):
        node.field("field")


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        pytest.param({}, "is not a list", id="an object is no list"),
        pytest.param(None, "is missing", id="no list"),
    ],
)
def test_node_has_no_members_where_it_is_no_list(value: object, complaint: str) -> None:
    with pytest.raises(BadPayload, match=f"^data {complaint}$"):
        Node(value, "data").items()


def test_a_list_that_is_missing_has_no_members_where_it_may_be_missing() -> None:
    assert Node(None, "data").items_or_none() == []
    assert (read.size(None), read.size(["one"])) == (0, 1)
