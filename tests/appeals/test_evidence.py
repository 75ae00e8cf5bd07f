"""Documents: what is kept, what is refused, and until when."""

import hashlib
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from appeals.models import Evidence
from appeals.services import cases, evidence
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories
from tests.factories import NOW

PDF = b"%PDF-1.7\n1 0 obj << >> endobj"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def lead(agency: Agency, settings: Settings, tmp_path: Path) -> Membership:
    settings.MEDIA_ROOT = tmp_path
    return factories.make_membership("lead")


def test_a_file_is_kept_under_its_agency_with_its_digest(
    lead: Membership, agency: Agency, tmp_path: Path
) -> None:
    # given a draft, and a file whose name wants to leave its folder
    attempt = factories.make_attempt()

    # when
    kept = evidence.add_evidence(
        attempt=attempt,
        title="Carrier's scans",
        file=ContentFile(PDF, name="../../etc/passwd.exe"),
        by=lead,
        at=NOW,
    )

    # then
    digest = hashlib.sha256(PDF).hexdigest()
    assert kept.file.name == f"{agency.pk}/evidence/{kept.pk}.pdf"
    assert (tmp_path / kept.file.name).read_bytes() == PDF
    assert (kept.kind, kept.sha256, kept.size, kept.added_by) == ("file", digest, len(PDF), lead)
    assert AuditEvent.objects.get().changes["sha256"] == digest


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"not a picture", id="fake_image"),
        pytest.param(b"MZ\x90\x00" + bytes(60), id="program_named_pdf"),
        pytest.param(b"<html><script>alert(1)</script>", id="page"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"PK\x03\x04" + bytes(60), id="archive"),
        pytest.param(PNG + bytes(evidence.MOST_BYTES), id="too_large"),
    ],
)
def test_a_file_that_is_none_of_our_kinds_is_refused(
    lead: Membership, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(evidence.EvidenceUnusable):
        evidence.add_evidence(
            attempt=factories.make_attempt(),
            title="Scans",
            file=ContentFile(content, name="scans.pdf"),
            by=lead,
            at=NOW,
        )
    assert not Evidence.objects.exists()
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"title": "a"}, id="nothing"),
        pytest.param({"title": "a", "url": "https://x.org/", "text": "b"}, id="two_things"),
        pytest.param({"title": " ", "text": "b"}, id="no_title"),
        pytest.param({"title": "a" * 161, "text": "b"}, id="long_title"),
        pytest.param({"title": "a", "text": "b" * 4001}, id="long_note"),
        pytest.param({"title": "a", "text": "b\x00"}, id="nul"),
        pytest.param({"title": "a", "url": "javascript:alert(1)"}, id="script_link"),
        pytest.param({"title": "a", "url": "//x.org/"}, id="half_link"),
        pytest.param({"title": "a", "url": "https://[x"}, id="broken_link"),
        pytest.param({"title": "a", "url": "https://x.org/" + "y" * 500}, id="long_link"),
    ],
)
def test_what_is_no_document_is_refused(lead: Membership, given: dict[str, str]) -> None:
    with pytest.raises(evidence.EvidenceUnusable):
        evidence.add_evidence(attempt=factories.make_attempt(), by=lead, at=NOW, **given)  # type: ignore[arg-type]
    assert not Evidence.objects.exists()


def test_documents_stand_once_the_attempt_is_in_review(lead: Membership) -> None:
    # given
    attempt = factories.make_attempt()
    first = evidence.add_evidence(
        attempt=attempt, title="Scan", url="https://example.com/1", by=lead, at=NOW
    )
    second = evidence.add_evidence(attempt=attempt, title="Why", text="Ask Mei", by=lead, at=NOW)
    evidence.remove_evidence(evidence=second, by=lead, at=NOW)

    # when
    cases.request_review(attempt=attempt, by=lead, at=NOW)
    with pytest.raises(cases.WrongState):
        evidence.add_evidence(attempt=attempt, title="Late", text="x", by=lead, at=NOW)
    with pytest.raises(cases.WrongState):
        evidence.remove_evidence(evidence=first, by=lead, at=NOW)

    # then
    assert list(Evidence.objects.all()) == [first]
