"""The files of the corpus hold what their list promises: no proof stands on rotten evidence."""

import io
import unicodedata
import zipfile
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.corpus import build_files
from tests.corpus.build_files import FILES, IMPORTANT, Book, File, Text

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load(build_files.EXPECTED.read_text())
BUILT = {file.name: file for file in build_files.files()}
KINDS = {
    "tiktok_orders": 10,
    "tiktok_income": 6,
    "tiktok_withdrawals": 3,
    "shopee_orders": 5,
    "lazada_orders": 3,
    "violations": 8,
    "ratings": 4,
    "readings": 3,
    "stores": 4,
    "sub_accounts": 2,
}
ALPHABETS = {"utf-8", "utf-8-sig", "utf-16", "gb18030", "windows-1258", "tis-620"}


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def words(file: File) -> str:
    """All text of a committed file, read in no clever way."""
    content = (FILES / file.name).read_bytes()
    if isinstance(file.layout, Text):
        return content.decode(file.layout.alphabet)
    found = []
    for name, part in members(content).items():
        if name.endswith((".xml", ".rels")):
            found += [text for text in ET.fromstring(part).itertext() if text]  # noqa: S314
    return "\n".join(found)


def test_building_gives_the_files_and_their_list() -> None:
    kept = {path.name for path in FILES.iterdir()} - {"expected.yaml", "README.md"}

    assert kept == BUILT.keys() == EXPECTED.keys()
    assert build_files.expected() == EXPECTED


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_as_it_was_built(name: str) -> None:
    kept, built = (FILES / name).read_bytes(), BUILT[name].content()

    if name.endswith(".xlsx"):
        assert members(kept) == members(built)
    else:
        assert kept == built


@pytest.mark.parametrize("name", EXPECTED)
def test_facts_are_told_in_the_right_types(name: str) -> None:
    said = EXPECTED[name]

    assert said["rows"] == len(BUILT[name].told) > 0
    for row in (said["first"], said["last"]):
        assert row.keys() <= set(IMPORTANT[said["kind"]].split())
        assert any(row.values())
        for field, value in row.items():
            _is_fact(field, value)


def _is_fact(field: str, value: Any) -> None:
    if value is None:
        return
    if field.endswith(("_at", "_by")) or field in {"at", "last_sign_in"}:
        if len(value) == len("2026-07-14"):
            date.fromisoformat(value)
        else:
            assert datetime.fromisoformat(value).tzinfo is not None
    elif field in {"points", "rating"}:
        assert isinstance(value, int)
        assert value >= 0
    elif field == "value":
        Decimal(value)
    elif field in {"state", "rule", "measure"}:
        assert value.keys() == {"means", "words"}
    elif isinstance(value, dict):
        Decimal(value["value"])
        assert len(value["currency"]) == 3
    else:
        assert isinstance(value, str)


@pytest.mark.parametrize("name", EXPECTED)
def test_identifiers_words_and_canaries_stand_in_the_file(name: str) -> None:
    said, text = EXPECTED[name], words(BUILT[name])
    flat = text.replace('""', '"')

    for row in (said["first"], said["last"]):
        for field, value in row.items():
            if field in {*build_files.IDS, "shop", "login"} and value is not None:
                assert value in flat
            if isinstance(value, dict) and "words" in value:
                assert value["words"] in _composed(text)
    for canary in said["canaries"]:
        assert canary in _composed(text)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def test_personal_words_are_known_where_there_are_buyers() -> None:
    for name, said in EXPECTED.items():
        buyers = said["kind"].endswith("_orders") or said["kind"] == "tiktok_withdrawals"
        assert bool(said["canaries"]) == buyers, name


def test_there_are_enough_of_each_kind_and_look() -> None:
    kinds = Counter(said["kind"] for said in EXPECTED.values())
    texts = [file.layout for file in BUILT.values() if isinstance(file.layout, Text)]
    books = [file.layout for file in BUILT.values() if isinstance(file.layout, Book)]

    assert len(EXPECTED) >= 50
    assert {kind: kinds[kind] for kind in KINDS if kinds[kind] < KINDS[kind]} == {}
    assert {one.alphabet for one in texts} == ALPHABETS
    assert {one.delimiter for one in texts} == {",", ";", "\t"}
    assert len(books) >= 20
    assert any(one.dimension == "A1" for one in books)
    assert any(one.inline for one in books)
    assert any(one.before for one in books)
    assert any(one.merged for one in books)


def test_together_they_are_small() -> None:
    size = sum((FILES / name).stat().st_size for name in EXPECTED)

    assert size < 200_000
