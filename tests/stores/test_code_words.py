"""The marketplaces' codes as members read them."""

import pytest

from stores.code_words import words_for


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param("SELLER_RESPOND_REFUND", "answer the refund", id="known"),
        pytest.param("RETURN_OR_REFUND", "Return or refund", id="unknown"),
        pytest.param("", "", id="none"),
    ],
)
def test_a_code_is_told_in_words_or_as_it_is_spelled(code: str, words: str) -> None:
    assert words_for(code) == words
