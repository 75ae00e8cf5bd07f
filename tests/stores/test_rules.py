"""What a violation's rule is called, on every page alike."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from appeals.selectors.rules import name_of
from stores import rules
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
