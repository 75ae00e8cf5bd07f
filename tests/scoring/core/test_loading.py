"""Reading rulebooks: what a file says, and that a wrong one is refused with its line."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scoring.core.loading import load_rulebook, load_rulebooks, read_folder, read_shelf
from scoring.core.resets import ResetRule
from scoring.core.rulebook import (
    Action,
    AppealClock,
    Band,
    ClosingCondition,
    Comparator,
    Figure,
    Milestone,
    OrderBonus,
    Reset,
    Rulebook,
    RulebookError,
    SellerType,
    Status,
    Target,
    TargetUnit,
    Trust,
    ViolationRule,
)
from scoring.core.values import BandCode, Measure, PointsRange

WHOLE = """\
title: A policy
marketplace: shopee
status: preview
effective_from: 2026-07-09
known_from: 2026-08-01T12:00:00+08:00
carries_over: false
covers:
  - {market: PH, seller_types: [local], zone: Asia/Manila}
sources:
  policy: {text: The policy, date: 2026-07-09, trust: O}
  copy: {text: A copy, date: 2026-08, trust: O*}
  blog: {text: A blog, trust: T}
start: {value: 200, source: policy}
floor: {value: 0, source: policy}
ceiling: {value: 1000, source: policy}
window_days: {value: 90, source: [blog, copy]}
resets: {rule: last_monday_of_quarter, source: blog}
tolerance: {value: 0, source: policy}
warning_distance: {value: 5, source: policy}
bands:
  - {code: healthy, at: 200, label: Healthy, label_zh: 健康, source: policy}
  - {code: closed, at: 0, label: Closed, label_zh: 关闭, source: policy}
milestones:
  - code: d12
    measure: points_deducted
    at: 12
    source: policy
    actions:
      - {kind: listing_limit, days: 7, label: No listings, label_zh: 不得上新, source: blog}
      - {kind: closed, permanent: true, label: Closed, label_zh: 关闭, source: blog}
      - {kind: warning, label: A warning, label_zh: 警告, source: blog}
closing:
  - {measure: rating, at: 0, source: policy}
appeals:
  attempts: {value: 2, source: policy}
  first_days: {value: 30, source: policy}
  next_days: {value: 15, source: policy}
order_bonus:
  mode: rolling_count
  points: {value: 4, source: blog}
  per_orders: {value: 200, source: blog}
  cap: {value: 20, source: blog}
violations:
  - {code: late, label: Late, label_zh: 延迟, group: fulfilment, points: [2, 4], source: policy}
  - {code: copied, label: Copied, label_zh: 搬运, group: content, points: 48, source: policy}
  - {code: other, label: Other, label_zh: 其他, group: content, source: policy}
notes:
  - One note.
targets:
  - {metric: stars, label: S, label_zh: 星, comparator: ">=", value: 4.5, unit: stars, source: blog}
  - {metric: late, label: L, label_zh: 迟发, comparator: <, value: 10, unit: percent, source: copy}
"""

SMALL = """\
title: A policy
marketplace: lazada
covers:
  - {market: SG, seller_types: [local], zone: Asia/Singapore, effective_from: 2026-07-09}
sources: {}
"""


def test_load_rulebook_reads_all_there_is() -> None:
    def action(kind: str, days: Figure | None, label: str, label_zh: str) -> Action:
        blog = ("A blog", None, Trust.THIRD_PARTY)
        return Action(kind, days, kind == "closed", label, label_zh, *blog)

    def figure(value: int) -> Figure:
        return Figure(value, "The policy", "2026-07-09", Trust.OFFICIAL)

    def said(value: int) -> Figure:
        return Figure(value, "A blog", None, Trust.THIRD_PARTY)

    official = ("The policy", "2026-07-09", Trust.OFFICIAL)

    assert load_rulebook(WHOLE, "ph.yaml") == Rulebook(
        name="shopee/PH/local/2026-07-09",
        file="ph.yaml",
        title="A policy",
        marketplace="shopee",
        market="PH",
        seller_type=SellerType.LOCAL,
        zone=ZoneInfo("Asia/Manila"),
        effective_from=datetime(2026, 7, 8, 16, tzinfo=UTC),
        known_from=datetime(2026, 8, 1, 4, tzinfo=UTC),
        status=Status.PREVIEW,
        start=figure(200),
        floor=figure(0),
        ceiling=figure(1000),
        window_days=Figure(90, "A blog; A copy", "2026-08", Trust.QUOTED),
        resets=Reset(ResetRule.LAST_MONDAY_OF_QUARTER, "A blog", None, Trust.THIRD_PARTY),
        tolerance_figure=figure(0),
        warning_distance=figure(5),
        carries_over=False,
        bands=(
            Band(BandCode.CLOSED, figure(0), "Closed", "关闭"),
            Band(BandCode.HEALTHY, figure(200), "Healthy", "健康"),
        ),
        milestones=(
            Milestone(
                "d12",
                Measure.POINTS_DEDUCTED,
                figure(12),
                (
                    action("listing_limit", said(7), "No listings", "不得上新"),
                    action("closed", None, "Closed", "关闭"),
                    action("warning", None, "A warning", "警告"),
                ),
            ),
        ),
        closing=(ClosingCondition(Measure.RATING, figure(0)),),
        violations=(
            ViolationRule("late", "Late", "延迟", "fulfilment", PointsRange(2, 4), *official),
            ViolationRule("copied", "Copied", "搬运", "content", PointsRange(48, 48), *official),
            ViolationRule("other", "Other", "其他", "content", None, *official),
        ),
        appeals=AppealClock(figure(2), figure(30), figure(15)),
        order_bonus=OrderBonus("rolling_count", said(4), said(200), said(20)),
        notes=("One note.",),
        targets=(
            Target(
                *("stars", "S", "星", Comparator.AT_LEAST, Decimal("4.5"), TargetUnit.STARS),
                *("A blog", None, Trust.THIRD_PARTY),
            ),
            Target(
                *("late", "L", "迟发", Comparator.BELOW, Decimal(10), TargetUnit.PERCENT),
                *("A copy", "2026-08", Trust.QUOTED),
            ),
        ),
    )


def test_load_rulebook_reads_a_milestone_by_rating_and_an_action_with_its_source() -> None:
    text = WHOLE.replace("measure: points_deducted\n    at: 12", "measure: rating\n    at: 100")
    text = text.replace("label_zh: 不得上新, source: blog", "label_zh: 不得上新, source: policy")

    (milestone,) = load_rulebook(text, "ph.yaml").milestones

    assert (milestone.measure, milestone.at.value) == (Measure.RATING, 100)
    action = milestone.actions[0]
    assert (action.source, action.date, action.trust) == (
        "The policy",
        "2026-07-09",
        Trust.OFFICIAL,
    )


def test_load_rulebook_leaves_absent_what_nobody_says() -> None:
    book = load_rulebook(SMALL, "sg.yaml")

    assert (book.status, book.carries_over, book.known_from) == (
        Status.ACTIVE,
        True,
        book.effective_from,
    )
    assert {name for name, value in vars(book).items() if value is None or value == ()} == {
        "start",
        "floor",
        "ceiling",
        "window_days",
        "resets",
        "tolerance_figure",
        "warning_distance",
        "bands",
        "milestones",
        "closing",
        "violations",
        "appeals",
        "order_bonus",
        "notes",
        "targets",
    }


def test_load_rulebooks_gives_one_book_for_each_kind_of_store() -> None:
    text = WHOLE.replace(
        "  - {market: PH, seller_types: [local], zone: Asia/Manila}",
        "  - {market: PH, seller_types: [local, cross_border], zone: Asia/Manila}\n"
        "  - {market: VN, seller_types: [local], zone: Asia/Ho_Chi_Minh,"
        " effective_from: 2026-07-10, known_from: 2026-07-11}",
    )

    books = load_rulebooks(text, "sea.yaml")

    assert [(book.name, book.effective_from, book.known_from) for book in books] == [
        (
            "shopee/PH/local/2026-07-09",
            datetime(2026, 7, 8, 16, tzinfo=UTC),
            datetime(2026, 8, 1, 4, tzinfo=UTC),
        ),
        (
            "shopee/PH/cross_border/2026-07-09",
            datetime(2026, 7, 8, 16, tzinfo=UTC),
            datetime(2026, 8, 1, 4, tzinfo=UTC),
        ),
        (
            "shopee/VN/local/2026-07-10",
            datetime(2026, 7, 9, 17, tzinfo=UTC),
            datetime(2026, 7, 10, 17, tzinfo=UTC),
        ),
    ]
    with pytest.raises(RulebookError, match=r"sea.yaml:1: one kind of store expected, not 3"):
        load_rulebook(text, "sea.yaml")


# Each case: what stands in the whole file, what stands there instead, and the refusal.
WRONG = {
    "no-yaml": ("title: A policy", "title: [", "3: expected ',' or ']'"),
    "no-text": ("title: A policy", "title: a\x07b", "1: unacceptable character"),
    "two-documents": ("notes:", "---\nnotes:", "47: but found another document"),
    "no-mapping": (WHOLE, "- a", "1: expected a mapping"),
    "empty": (WHOLE, "", "1: the file is empty"),
    "missing": ("title: A policy\n", "", "1: 'title' is missing"),
    "key-unknown": ("notes:", "remarks:", "47: 'remarks' is not known here"),
    "key-twice": ("status: preview", "title: again", "3: 'title' stands here twice"),
    "key-no-text": ("status: preview", "12: again", "3: expected a text, not 12"),
    "no-text-but-date": ("title: A policy", "title: 2026-07-09", "1: expected a text, not 2026"),
    "no-text-but-list": ("title: A policy", "title: []", "1: expected a text"),
    "choice": ("marketplace: shopee", "marketplace: ebay", "2: 'ebay' is none of tiktok_shop"),
    "no-flag": ("carries_over: false", "carries_over: nope", "6: expected true or false"),
    "no-date": ("effective_from: 2026-07-09", "effective_from: soon", "4: expected a date or a"),
    "no-offset": ("12:00:00+08:00", "12:00:00", "5: 2026-08-01T12:00:00 says no offset"),
    "source-date": ("date: 2026-08,", "date: 2026-13,", "11: expected a date like 2026-07-09"),
    "source-unknown": ("source: [blog, copy]", "source: [hearsay]", "16: no source is called"),
    "source-none": ("source: [blog, copy]", "source: []", "16: expected the name of a source"),
    "no-number": ("{value: 200,", "{value: many,", "13: expected a whole number, not 'many'"),
    "number-huge": ("{value: 200,", "{value: 99999999,", "13: expected a whole number"),
    "number-negative": ("tolerance: {value: 0,", "tolerance: {value: -1,", "18: -1 is less than 0"),
    "days-none": ("days: 7", "days: 0", "29: 0 is less than 1"),
    "market-letters": ("market: PH", "market: ÄÖ", "8: 'ÄÖ' is no country code"),
    "number-small": ("{value: 90,", "{value: 0,", "16: 0 is less than 1"),
    "figure-extra": ("{value: 200,", "{value: 200, unit: p,", "13: 'unit' is not known here"),
    "scale-missing": ("floor: {value: 0, source: policy}\n", "", "1: a book with 'start' needs"),
    "scale-order": ("start: {value: 200,", "start: {value: 2000,", "1: 'start' is not between"),
    "no-cover": (
        "  - {market: PH, seller_types: [local], zone: Asia/Manila}",
        "  []",
        "8: a file covers at least one market",
    ),
    "no-start": ("effective_from: 2026-07-09\n", "", "7: 'effective_from' is missing"),
    "market": ("market: PH", "market: Philippines", "8: 'Philippines' is no country code"),
    "zone": ("Asia/Manila", "Asia/Atlantis", "8: 'Asia/Atlantis' is no time zone"),
    "zone-path": ("Asia/Manila", "../etc", "8: '../etc' is no time zone"),
    "seller-type": ("[local]", "[remote]", "8: 'remote' is none of local, cross_border"),
    "no-list": ("[local]", "local", "8: expected a list"),
    "reset": ("last_monday_of_quarter", "never", "17: 'never' is none of"),
    "band-unknown": ("code: closed, at: 0", "code: unknown, at: 0", "22: 'unknown' is ours"),
    "band-twice": ("code: closed, at: 0", "code: healthy, at: 0", "22: healthy stands here twice"),
    "edge-twice": ("code: closed, at: 0", "code: closed, at: 200", "22: 200 stands here twice"),
    "band-gap": ("code: closed, at: 0", "code: closed, at: 1", "1: no band holds 0"),
    "code": ("code: d12", "code: D-12", "24: 'D-12' is not a code"),
    "action": ("kind: warning", "kind: shouting", "31: 'shouting' is none of warning"),
    "action-both": ("days: 7", "days: 7, permanent: true", "29: an action lasts some days or"),
    "action-twice": ("kind: warning", "kind: closed", "31: closed stands here twice"),
    "action-no-source": (
        "{kind: warning, label: A warning, label_zh: 警告, source: blog}",
        "{kind: warning, label: A warning, label_zh: 警告}",
        "31: 'source' is missing",
    ),
    "closing-twice": (
        "closing:\n",
        "closing:\n  - {measure: rating, at: 1, source: policy}\n",
        "34: rating stands here twice",
    ),
    "bonus-mode": ("rolling_count", "daily", "39: 'daily' is none of weekly_award"),
    "rule-twice": ("code: copied", "code: late", "45: late stands here twice"),
    "points-order": ("points: [2, 4]", "points: [4, 2]", "44: expected [fewest, most]"),
    "points-three": ("points: [2, 4]", "points: [2, 4, 6]", "44: expected [fewest, most]"),
    "points-negative": ("points: 48", "points: -48", "45: -48 is less than 0"),
    "target-twice": ("metric: late", "metric: stars", "51: stars stands here twice"),
    "target-value": ("value: 4.5", "value: -4.5", "50: expected a number like 4.5, not '-4.5'"),
    "target-unit": ("unit: stars", "unit: moons", "50: 'moons' is none of percent"),
    "target-extra": ("metric: late", "days: 3, metric: late", "51: 'days' is not known here"),
    "points-mapping": ("points: [2, 4]", "points: {low: 2}", "44: expected a list"),
    "choice-empty": ("marketplace: shopee", "marketplace:", "2: expected one of tiktok_shop"),
    "list-for-a-number": ("{value: 200,", "{value: [],", "13: expected a whole number"),
    "list-for-a-decimal": ("value: 4.5", "value: []", "50: expected a number"),
    "list-for-a-flag": ("carries_over: false", "carries_over: []", "6: expected true or false"),
    "list-for-a-month": ("date: 2026-08,", "date: [],", "11: expected a date"),
    "list-for-a-moment": ("effective_from: 2026-07-09", "effective_from: []", "4: expected a date"),
    "list-for-a-choice": (
        "marketplace: shopee",
        "marketplace: []",
        "2: expected one of tiktok_shop, shopee, lazada",
    ),
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("start: {value: 200,", "start: {value: 0,"), id="start-at-the-floor"),
        pytest.param(("start: {value: 200,", "start: {value: 1000,"), id="start-at-the-ceiling"),
        pytest.param(("days: 7", "days: 1"), id="one-day"),
        pytest.param(("points: [2, 4]", "points: [0, 4]"), id="from-no-points"),
        pytest.param(("points: [2, 4]", "points: [4, 4]"), id="range-of-one"),
    ],
)
def test_load_rulebook_takes_what_lies_just_within(change: tuple[str, str]) -> None:
    assert load_rulebook(WHOLE.replace(*change), "ph.yaml").name == "shopee/PH/local/2026-07-09"


def test_bands_begin_at_the_floor() -> None:
    text = WHOLE.replace("floor: {value: 0,", "floor: {value: 100,")
    text = text.replace("code: closed, at: 0", "code: closed, at: 100")

    book = load_rulebook(text, "ph.yaml")

    assert [band.at.value for band in book.bands] == [100, 200]
    with pytest.raises(RulebookError, match="no band holds 100"):
        load_rulebook(text.replace("at: 100", "at: 101"), "ph.yaml")


def test_bands_of_points_begin_at_none_whatever_the_floor() -> None:
    text = SMALL.replace("sources: {}", "sources: {p: {text: P, trust: O}}") + (
        "floor: {value: 3, source: p}\n"
        "bands: [{code: healthy, at: 3, label: Good, label_zh: 好, source: p}]\n"
    )

    with pytest.raises(RulebookError, match="no band holds 0"):
        load_rulebook(text, "small.yaml")


def test_load_rulebook_knows_a_bonus_that_is_awarded_weekly() -> None:
    book = load_rulebook(WHOLE.replace("rolling_count", "weekly_award"), "ph.yaml")

    assert book.order_bonus is not None
    assert book.order_bonus.mode == "weekly_award"


def test_load_rulebook_refuses_a_rating_milestone_where_there_is_no_rating() -> None:
    text = SMALL + (
        "milestones: [{code: m, measure: rating, at: 1, source: s, actions: []}]\n"
    ).replace("source: s", "source: p")
    text = text.replace("sources: {}", "sources: {p: {text: P, trust: O}}")

    with pytest.raises(RulebookError, match=r"small.yaml:6: .*rating"):
        load_rulebook(text, "small.yaml")


def test_load_rulebook_refuses_a_file_for_two_kinds_of_store() -> None:
    with pytest.raises(RulebookError, match="one kind of store expected, not 2"):
        load_rulebook(SMALL.replace("[local]", "[local, cross_border]"), "small.yaml")


@pytest.mark.parametrize(("old", "new", "why"), WRONG.values(), ids=WRONG)
def test_load_rulebooks_refuses_with_file_and_line(old: str, new: str, why: str) -> None:
    assert old in WHOLE

    with pytest.raises(RulebookError) as refusal:
        load_rulebooks(WHOLE.replace(old, new, 1), "ph.yaml")

    assert str(refusal.value).startswith(f"ph.yaml:{why}")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        pytest.param(
            "closing: [{measure: rating, at: 0, source: page}]",
            "6: a book without 'start' has no rating",
            id="closing-by-rating",
        ),
        pytest.param(
            "milestones: [{code: a, measure: rating, at: 0, source: page}]",
            "6: a book without 'start' has no rating",
            id="milestone-by-rating",
        ),
        pytest.param(
            "milestones:\n"
            "  - {code: a, measure: points_deducted, at: 1, source: page}\n"
            "  - {code: a, measure: points_deducted, at: 2, source: page}\n",
            "8: a stands here twice",
            id="milestone-twice",
        ),
        pytest.param(
            "milestones:\n"
            "  - {code: a, measure: points_deducted, at: 1, source: page}\n"
            "  - {code: b, measure: points_deducted, at: 1, source: page}\n",
            "8: points_deducted 1 stands here twice",
            id="milestone-value-twice",
        ),
        pytest.param(
            "bands: [{code: watch, at: 3, label: W, label_zh: W, source: page}]",
            "1: no band holds 0",
            id="bands-from-0-points",
        ),
    ],
)
def test_load_rulebooks_refuses_in_a_book_without_rating(more: str, why: str) -> None:
    text = SMALL.replace("sources: {}", "sources: {page: {text: A page, trust: O}}") + more

    with pytest.raises(RulebookError) as refusal:
        load_rulebooks(text, "sg.yaml")

    assert str(refusal.value) == f"sg.yaml:{why}"


def test_read_shelf_sorts_files_by_kind_of_store(tmp_path: Path) -> None:
    # given two policies of one market, and one of another marketplace
    (tmp_path / "shopee").mkdir()
    (tmp_path / "shopee" / "ph-2026.yaml").write_text(WHOLE, encoding="utf-8")
    older = WHOLE.replace("effective_from: 2026-07-09", "effective_from: 2025-07-09")
    (tmp_path / "shopee" / "ph-2025.yaml").write_text(older, encoding="utf-8")
    (tmp_path / "sg.yaml").write_text(SMALL, encoding="utf-8")

    # when
    shelf = read_shelf(tmp_path)

    # then
    assert [book.file for book in shelf.library("shopee", "PH", "local").books] == [
        "shopee/ph-2025.yaml",
        "shopee/ph-2026.yaml",
    ]
    assert [book.file for book in shelf.library("lazada", "SG", "local").books] == ["sg.yaml"]
    assert shelf.library("lazada", "SG", "cross_border").books == ()


def test_read_shelf_refuses_the_same_start_twice(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(SMALL, encoding="utf-8")

    with pytest.raises(RulebookError, match=r"b.yaml:4: .* at the same instant as a.yaml:4"):
        read_shelf(tmp_path)


def test_read_folder_tells_all_that_is_wrong_and_keeps_what_is_right(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "c.yaml").write_text(WHOLE.replace("PH", "Manila"), encoding="utf-8")
    (tmp_path / "d.yaml").write_bytes(b"title: A policy\nmarketplace: \xff\n")
    (tmp_path / "e.yml").write_text(SMALL, encoding="utf-8")

    books, errors = read_folder(tmp_path)

    assert [book.file for book in books] == ["a.yaml", "b.yaml"]
    assert [(error.file, error.line, error.why) for error in errors] == [
        ("c.yaml", 8, "'Manila' is no country code"),
        ("d.yaml", 2, "this is no text in UTF-8"),
        ("e.yml", 1, "a rulebook's name ends in .yaml"),
        ("b.yaml", 4, "lazada/SG/local/2026-07-09 starts at the same instant as a.yaml:4"),
    ]
