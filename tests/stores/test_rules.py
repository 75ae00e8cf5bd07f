"""What a violation's rule is called, on every page alike."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from appeals.selectors.rules import name_of
from scoring.selectors.rules import known_codes
from stores import rules
from stores.models import Violation
from tenants.models import Agency
from tests import factories


@pytest.mark.parametrize(
    ("told", "label", "name"),
    [
        pytest.param({}, "High late dispatch rate", "High late dispatch rate", id="known"),
        pytest.param(
            {"reported_at": datetime(2019, 1, 1, tzinfo=UTC)},
            "High late dispatch rate",
            "High late dispatch rate",
            id="before_the_first_book",
        ),
        pytest.param({"rule": "made_up_rule"}, "Made up rule", "Made up rule", id="unknown"),
        pytest.param({"rule": "other"}, "Another rule", "Violation", id="other"),
        pytest.param(
            {"rule": "other", "subject": "Odd parcel"}, "Another rule", "Odd parcel", id="in_words"
        ),
    ],
)
def test_a_violation_is_called_as_its_book_calls_its_rule(
    agency: Agency, told: dict[str, Any], label: str, name: str
) -> None:
    violation = factories.make_violation(**told)

    assert (rules.label_of(violation), name_of(violation)) == (label, name)


def test_a_rule_is_named_in_the_readers_language(agency: Agency) -> None:
    violation = factories.make_violation()

    with translation.override("zh-hans"):
        named = rules.label_of(violation), name_of(violation)

    assert named == ("延迟发货率过高", "延迟发货率过高")


# -- rules that no rulebook knows -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "near"),
    [
        pytest.param("high_late_dispach_rate", "high_late_dispatch_rate", id="a_letter_short"),
        pytest.param("HIGH-LATE-DISPATCH-RATE", "high_late_dispatch_rate", id="its_case"),
        pytest.param("Knock off", "knock_off", id="its_spaces"),
        pytest.param("Counterfeit product", "counterfeit", id="its_label"),
        pytest.param("made_up_rule", None, id="made_up"),
        pytest.param("unsupported_products", "unsupported_product", id="a_letter_more"),
    ],
)
def test_a_rule_that_no_rulebook_knows_is_told_with_what_is_spelled_alike(
    agency: Agency, told: str, near: str | None
) -> None:
    unknown = rules.unknown_of(factories.make_violation(rule=told))

    assert unknown is not None
    assert next(iter(unknown.near), None) == near


def test_the_words_name_the_book_that_was_asked(agency: Agency) -> None:
    unknown = rules.unknown_of(factories.make_violation(rule="knockoff"))

    assert unknown is not None
    assert unknown.rulebook == "tiktok_shop/US/local/2025-10-14"
    assert unknown.words == (
        "The rulebook TikTok Shop · United States · Local · 14 Oct 2025 has no rule knockoff, so "
        "no points are estimated. Spelled alike: knock_off."
    )


@pytest.mark.parametrize(
    ("market", "rule"),
    [
        pytest.param("US", "knock_off", id="known"),
        pytest.param("US", "other", id="another_rule"),
        pytest.param("US", "", id="none"),
        pytest.param("DE", "made_up_rule", id="a_market_without_a_rulebook"),
    ],
)
def test_no_other_rule_is_called_unknown(agency: Agency, market: str, rule: str) -> None:
    violation = factories.make_violation(store=factories.make_store(market=market), rule=rule)

    assert rules.unknown_of(violation) is None
    assert not rules.of_unknown_rules(Violation.objects.all()).exists()


def test_violations_are_filtered_by_each_stores_own_rulebook(agency: Agency) -> None:
    # given a rule that Shopee's books know and TikTok Shop's do not
    codes = known_codes()
    mine = codes["tiktok_shop", "US", "local"]
    theirs = min(codes["shopee", "MY", "local"] - mine)
    strange = factories.make_violation(rule=theirs)
    factories.make_violation(
        store=factories.make_store(marketplace="shopee", market="MY"), rule=theirs
    )

    # then
    assert list(rules.of_unknown_rules(Violation.objects.all())) == [strange]
