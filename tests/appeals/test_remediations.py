"""Work on causes, from its opening to its end."""

from datetime import timedelta
from uuid import uuid4

import pytest

from appeals.models import Remediation, RemediationStep
from appeals.playbooks import GENERAL, play_for
from appeals.services import remediations
from scoring import books
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories
from tests.factories import NOW


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


def _actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


def test_a_remediation_goes_from_open_to_done(lead: Membership) -> None:
    # given
    store = factories.make_store()
    specialist = factories.make_membership("specialist")

    # when
    work = remediations.open_remediation(
        store=store,
        title=" Ship late orders ",
        owner=specialist,
        due_at=NOW + timedelta(days=1),
        steps=["Ship", " ", "Look again"],
        by=lead,
        at=NOW,
    )
    for step in work.steps.all():
        remediations.tick_step(step=step, is_done=True, by=specialist, at=NOW)
        remediations.tick_step(step=step, is_done=True, by=lead, at=NOW)
    remediations.complete_remediation(
        remediation=work, by=specialist, at=NOW, outcome="All shipped"
    )

    # then
    assert (work.title, work.state, work.done_by, work.outcome) == (
        "Ship late orders",
        "done",
        specialist,
        "All shipped",
    )
    steps = RemediationStep.objects.values_list("order", "text", "done_by")
    assert list(steps) == [(1, "Ship", specialist.pk), (2, "Look again", specialist.pk)]
    assert _actions() == [
        "remediation.opened",
        "remediation.step_done",
        "remediation.step_done",
        "remediation.done",
    ]


def test_the_same_origin_is_worked_on_once_at_a_time(lead: Membership) -> None:
    store, origin = factories.make_store(), uuid4()

    def open_one() -> Remediation:
        return remediations.open_remediation(
            store=store, title="Mend it", origin_kind="tick", origin_id=origin, by=lead, at=NOW
        )

    first, second = open_one(), open_one()
    remediations.complete_remediation(remediation=first, by=lead, at=NOW)
    third = open_one()
    assert (first == second, first == third) == (True, False)
    with pytest.raises(remediations.RemediationEnded):
        remediations.reopen_remediation(remediation=first, by=lead, at=NOW)


def test_open_steps_hold_up_a_completion_but_not_a_drop(lead: Membership) -> None:
    work = factories.make_remediation(steps=["Look"])
    with pytest.raises(remediations.StepsOpen):
        remediations.complete_remediation(remediation=work, by=lead, at=NOW)
    with pytest.raises(remediations.RemediationUnusable):
        remediations.drop_remediation(remediation=work, reason=" ", by=lead, at=NOW)
    remediations.drop_remediation(remediation=work, reason="Store was sold", by=lead, at=NOW)
    assert (work.state, work.outcome) == ("dropped", "Store was sold")


def test_what_has_ended_stands_until_it_is_reopened(lead: Membership) -> None:
    work = factories.make_remediation(steps=["Look"], state="done", done_at=NOW)
    step = work.steps.get()
    with pytest.raises(remediations.RemediationEnded):
        remediations.tick_step(step=step, is_done=True, by=lead, at=NOW)
    with pytest.raises(remediations.RemediationEnded):
        remediations.add_step(remediation=work, text="More", by=lead, at=NOW)
    with pytest.raises(remediations.RemediationEnded):
        remediations.assign_remediation(remediation=work, owner=lead, due_at=None, by=lead, at=NOW)
    remediations.reopen_remediation(remediation=work, by=lead, at=NOW)
    remediations.tick_step(step=step, is_done=True, by=lead, at=NOW)
    remediations.add_step(remediation=work, text="More", by=lead, at=NOW)
    kept = Remediation.objects.get()
    assert (kept.state, kept.done_at) == ("open", None)
    assert [(each.order, each.text) for each in kept.steps.all()] == [(1, "Look"), (2, "More")]


def test_two_members_complete_it_once(lead: Membership) -> None:
    work = factories.make_remediation()
    stale = Remediation.objects.get(pk=work.pk)
    remediations.complete_remediation(remediation=work, by=lead, at=NOW, outcome="First")
    with pytest.raises(remediations.RemediationEnded):
        remediations.complete_remediation(remediation=stale, by=lead, at=NOW, outcome="Second")
    assert Remediation.objects.get().outcome == "First"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"title": "  "}, id="no_title"),
        pytest.param({"title": "x" * 161}, id="long_title"),
        pytest.param({"title": "a\x00b"}, id="nul"),
        pytest.param({"title": "a", "detail": "x" * 4001}, id="long_detail"),
        pytest.param({"title": "a", "steps": ["x" * 301]}, id="long_step"),
        pytest.param({"title": "a", "steps": ["x"] * 31}, id="many_steps"),
        pytest.param({"title": "a", "due_at": NOW}, id="due_now"),
    ],
)
def test_open_remediation_refuses_what_cannot_be_kept(
    lead: Membership, given: dict[str, object]
) -> None:
    with pytest.raises(remediations.RemediationUnusable):
        remediations.open_remediation(
            store=factories.make_store(),
            by=lead,
            at=NOW,
            **given,  # type: ignore[arg-type]
        )
    assert not Remediation.objects.exists()


def test_every_play_fits_and_most_rules_have_one() -> None:
    rules = {
        rule.code
        for library in books.shelf().libraries.values()
        for book in library.books
        for rule in book.violations
    }
    general = {rule for rule in rules if play_for(rule) is GENERAL}
    # What is against the law, or a fraud, has no routine.
    fraud = {"fake_return_address", "fraud_attempts", "off_platform"}
    fraud |= {"shipping_fraud", "voucher_fraud"}
    assert general == {"illegal_activity", "buyer_data_misuse"} | fraud
    texts = [str(text) for rule in rules for text in play_for(rule).steps]
    assert all(0 < len(text) <= remediations.TEXT_LENGTH for text in texts)
