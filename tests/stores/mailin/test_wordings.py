# ruff: noqa: E501, RUF001 - a notice stays as it is written
"""Ways in which notices say the same: each is read as it is meant, or left to a person."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from stores.mailin.envelope import read_mail
from stores.mailin.parsers import (
    AppealFinding,
    BalanceFinding,
    CorrectionFinding,
    CountFinding,
    Finding,
    InactivityFinding,
    MilestoneFinding,
    RatingFinding,
    Triage,
    ViolationFinding,
    parse,
)
from tests.stores.mailin import mails

SINGAPORE = ZoneInfo("Asia/Singapore")
RECEIVED = datetime(2026, 7, 14, tzinfo=UTC)


def essence(finding: Finding) -> tuple[object, ...]:  # noqa: PLR0911 - a table by class
    match finding:
        case ViolationFinding():
            return (finding.reference, finding.state, finding.points)
        case AppealFinding() | CorrectionFinding():
            return (finding.reference, finding.outcome, finding.points_restored)
        case CountFinding():
            return (finding.what, finding.value)
        case RatingFinding():
            return (finding.measure, finding.value)
        case MilestoneFinding():
            return ("milestone", finding.value, *(one.kind for one in finding.enforcements))
        case InactivityFinding():
            return ("days", finding.days)
        case BalanceFinding():
            return (finding.amount, finding.currency)
        case Triage():
            return ("asked", str(finding.reason), finding.about)
    raise AssertionError(finding)


def found_in(raw: bytes) -> list[Finding]:
    return [
        finding
        for notice in read_mail(raw).notices
        for finding in parse(notice, zone=SINGAPORE, received_at=RECEIVED)
    ]


def said(subject: str, text: str) -> list[tuple[object, ...]]:
    return [essence(one) for one in found_in(mails.plain(text, subject=subject))]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Record 44120019: wrong category. 6 points will be deducted unless you fix it.", "pending"),
        ("Case 44120019 (Wrong category). 6 points are at stake. Not enforced yet.", "pending"),
        ("Ticket: 44120019\nRule: Wrong category\nPoints at risk: 6\nState: Awaiting enforcement", "pending"),
        ("Violation no. 44120019, wrong category. We deducted 6 points on 2026-07-10 09:00 UTC.", "enforced"),
        ("Case number 44120019\nPolicy broken: Wrong category\n6 points are deducted as of 10 July 2026.", "enforced"),
        ("Record: 44120019\nReason: Wrong category\nPoints: 6\nEnforcement: in force since 10 July 2026", "enforced"),
        ("Record no: 44120019\nViolation type: Wrong category\nEffective: July 10, 2026 14:00 UTC\nPoints: -6", "enforced"),
        ("Reminder: violation 44120019 (Wrong category, 6 points). Correct it by July 17, 2026 11:59 p.m. UTC to avoid enforcement.", "pending"),
        ("Your shop received 6 non-compliance points for Late Shipment. Reference LZ-44120019.", "enforced"),
        ("您的店铺因迟发货被记6分惩罚计分。编号：SPP-44120019。", "enforced"),
        ("Shop của bạn bị phạt 6 điểm vì giao hàng trễ. Mã: SPP-44120019.", "enforced"),
        ("การละเมิด TH-44120019 ผิดหมวดหมู่ จะถูกหัก 6 คะแนน หากไม่แก้ไขภายใน 18 ก.ค. 2569 เวลา 23:59 น.", "pending"),
        ("记录号：44120019\n违规类型：类目错放\n扣分：6分\n该处罚将于2026年7月20日生效。", "pending"),
        ("处罚决定编号44120019：因类目错放，扣除您的店铺6分，自2026年7月10日起执行。", "enforced"),
        ("案件编号 44120019\n事由：类目错放\n拟扣分：6分\n处理状态：整改中", "pending"),
        ("工单号：44120019，违规原因：类目错放。我们已从您的账号健康评分中扣除6分。", "enforced"),
        ("違規編號：44120019\n違規類型：類目錯放\n扣除分數：6分\n狀態：待生效", "pending"),
        ("處罰單號：44120019\n違規原因：類目錯放\n已於2026年7月10日扣除6分。", "enforced"),
        ("ＩＤ：违规编号：４４１２００１９\n违规类型：类目错放\n扣分：６分\n状态：已生效", "enforced"),
        ("Mã hồ sơ: VN-44120019\nLý do: Sai danh mục\nĐiểm trừ dự kiến: 6\nTrạng thái: Chưa có hiệu lực", "pending"),
        ("Vi phạm số VN-44120019: sai danh mục. 6 điểm sẽ bị trừ nếu bạn không khắc phục.", "pending"),
        ("Vụ việc VN-44120019\nNguyên nhân: Sai danh mục\nChúng tôi đã trừ 6 điểm.", "enforced"),
        ("Nomor kasus: ID-44120019\nAlasan: Kategori salah\nPoin akan dikurangi: 6\nStatus: Menunggu penegakan", "pending"),
        ("Pelanggaran ID-44120019: kategori salah. 6 poin telah dikurangi.", "enforced"),
        ("Nomor pelanggaran ID-44120019\nAlasan: Kategori salah\nPoin dikurangi 6\nBerlaku sejak 10 Juli 2026", "enforced"),
        ("เลขที่: TH-44120019\nเหตุผล: ผิดหมวดหมู่\nคะแนนที่จะถูกหัก: 6\nสถานะ: รอการบังคับใช้", "pending"),
        ("การละเมิด TH-44120019 ผิดหมวดหมู่ หักคะแนนแล้ว ๖ คะแนน", "enforced"),
        ("รหัสการละเมิด: TH-44120019\nเหตุผล: ผิดหมวดหมู่\nหักคะแนน: 6\nมีผลตั้งแต่: 10/07/2569 17:30 น.", "enforced"),
    ],
)  # fmt: skip
def test_state_is_read_in_many_words(text: str, state: str) -> None:
    ((reference, told, points),) = said("Notice", text)

    assert (str(reference)[-8:], told, points) == ("44120019", state, -6)


@pytest.mark.parametrize(
    "text",
    [
        "Violation ID: 44120019\nReason: Counterfeit\nStatus: Pending\n6 points have been deducted.",
        "Violation ID: 44120019\nReason: Counterfeit\nStatus: Enforced\n6 points will be deducted.",
        "违规编号：44120019\n违规类型：假冒\n状态：待生效\n您的店铺已扣除6分。",
        "Mã vi phạm: VN44120019\nLý do: Hàng giả\nTrạng thái: Đang chờ xử lý\nChúng tôi đã trừ 6 điểm.",
        "ID pelanggaran: ID44120019\nAlasan: Produk palsu\nStatus: Tertunda\n6 poin telah dikurangi.",
        "รหัสการละเมิด: TH44120019\nเหตุผล: สินค้าปลอม\nสถานะ: รอดำเนินการ\nถูกหัก 6 คะแนนแล้ว",
    ],
)
def test_label_that_the_prose_gainsays_is_for_a_person(text: str) -> None:
    assert said("Notice", text) == [("asked", "contradictory", "state")]


@pytest.mark.parametrize(
    "text",
    [
        "Violation ID: 44120019\nReason: Counterfeit\nIn three days 6 points will be deducted.",
        "违规编号 44120019，类目错放，如不处理，三天后扣除6分。",
        "违规编号 44120019，类目错放，将扣除若干分。",
        "I think case 44120019 is counterfeit, 6 points have been deducted.",
    ],
)
def test_what_is_told_loosely_is_for_a_person(text: str) -> None:
    ((asked, *_why),) = said("Notice", text)

    assert asked == "asked"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("A warning", "Record no. 44120019. Your title did not follow the Listing Guideline.\nPoints: 0\nNothing is taken from your rating this time."),
        ("Official warning", "Case 44120019: improper communication. You are warned; 0 points are taken. The next one can cost points."),
        ("警告通知", "记录编号：44120019\n原因：商品发布规范\n本次仅警告，不扣分。如再次违规，将扣除4分。"),
        ("Cảnh báo", "Cảnh báo: mô tả không tuân thủ Hướng dẫn đăng sản phẩm (mã VN-44120019). Bạn không bị trừ điểm (0 điểm)."),
        ("Peringatan", "Peringatan: pedoman listing dilanggar. Nomor catatan: ID-44120019. Tidak ada pengurangan poin (0 poin)."),
        ("คำเตือน", "คำเตือน: ไม่ปฏิบัติตามแนวทางการลงสินค้า (รหัส TH-44120019) ไม่มีการหักคะแนน"),
    ],
)  # fmt: skip
def test_warning_takes_no_points(subject: str, text: str) -> None:
    ((reference, state, points),) = said(subject, text)

    assert (str(reference)[-8:], state, points) == ("44120019", "enforced", 0)


@pytest.mark.parametrize(
    ("subject", "text", "value"),
    [
        ("Warning: you are close to the 150 milestone", "Your Account Health Rating is 158 points, 8 points away from the next milestone.", 150),
        ("处罚节点预警", "您的账号健康评分为 158 分，距离 150 分节点还差 8 分。", 150),
        ("Cửa hàng sắp chạm mốc 150 điểm", "Điểm sức khỏe tài khoản của bạn hiện là 158 điểm.", 150),
        ("处罚节点提醒", "您的账号健康评分目前为158分，即将达到150分处罚节点。目前尚未限制任何权限。", 150),
        ("Toko Anda mendekati milestone 150", "Skor kesehatan akun Anda saat ini adalah 158 poin.", 150),
    ],
)  # fmt: skip
def test_milestone_that_comes_near_starts_nothing(subject: str, text: str, value: int) -> None:
    assert said(subject, text) == [("milestone", value), ("rating", 158)]


def test_milestone_that_comes_near_with_dates_of_a_restriction_is_for_a_person() -> None:
    assert said(
        "You are close to the 150 milestone",
        "You cannot create new listings from 13 July 2026 until 20 July 2026.",
    ) == [("asked", "other_kind", "warning")]


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("Your shop account has been deactivated", "Your Account Health Rating reached 0 on 10 July 2026. The account of Reed & Rye is permanently deactivated from 10 July 2026 10:00 UTC.", [("milestone", 0, "closed"), ("rating", 0)]),
        ("店铺关闭通知", "因90天内累计扣分达到48分，您的店铺已被永久关闭。\n执行时间：2026-07-10 15:30（UTC+8）", [("milestone", 48, "closed")]),
    ],
)  # fmt: skip
def test_closing_is_read(subject: str, text: str, expected: list[tuple[object, ...]]) -> None:
    assert said(subject, text) == expected


TWO = [("44120019", "enforced", -6), ("44120026", "pending", -4)]


@pytest.mark.parametrize(
    "text",
    [
        "Two records since yesterday.\n\n1) Violation ID 44120019\nWrong category\nStatus: Enforcement action taken\nPoints deducted: 6\nAppeal until: Aug 5, 2026 1:00 AM UTC\n\n2) Violation ID 44120026\nCounterfeit\nStatus: Pending\nPoints at stake: 4\nAppeal until: Aug 6, 2026 1:00 AM UTC",
        "昨日新增2条违规：\n\n【1】编号 44120019\n违规类型：类目错放\n扣分：6分\n状态：已生效\n\n【2】编号 44120026\n违规类型：假冒\n扣分：4分\n状态：待生效",
        "Violation ID: 44120019\nReason: Wrong category\nPoints: 6\nStatus: Enforced\nViolation ID: 44120026\nReason: Counterfeit\nPoints: 4\nStatus: Pending",
        "Violation ID | Reason | Points | Status\n--- | --- | --- | ---\n44120019 | Wrong category | 6 | Enforced\n44120026 | Counterfeit | 4 | Pending",
    ],
)  # fmt: skip
def test_digest_is_read_piece_by_piece(text: str) -> None:
    assert said("Violations recorded yesterday", text) == TWO


def test_table_with_a_heading_is_read_row_by_row() -> None:
    rows = [
        ("Reason", "Violation ID", "Points", "Status"),
        ("Wrong category", "44120019", "6", "Enforced"),
        ("Counterfeit", "44120026", "4", "Pending"),
    ]
    markup = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)

    found = found_in(mails.html(f"<p>Violations of your shop</p><table>{markup}</table>"))

    assert [essence(one) for one in found] == TWO


@pytest.mark.parametrize(
    "text",
    [
        # whose is the reason that stands above?
        "Reason: Wrong category\nViolation ID: 44120019\nPoints: 6\nStatus: Enforced\nReason: Counterfeit\nViolation ID: 44120026\nPoints: 4\nStatus: Pending",
        # the second says nothing of its own
        "Violation ID: 44120019\nReason: Wrong category\nPoints: 6\nStatus: Enforced\nSee also violation 44120026.",
        "1) Violation ID 44120019\nStatus: Enforced\nPoints: 6\nReason: Counterfeit\n2) Violation ID 44120026\nStatus: Pending\nPoints: 4 or 6 points\nReason: Counterfeit",
    ],
)  # fmt: skip
def test_digest_that_cannot_be_cut_is_for_a_person(text: str) -> None:
    ((asked, *_why),) = said("Violations recorded yesterday", text)

    assert asked == "asked"


@pytest.mark.parametrize(
    ("text", "deadline"),
    [
        ("Issued on 06-07-2026. Appeal until 13-07-2026 10:00 UTC.", datetime(2026, 7, 13, 10, tzinfo=UTC)),
        ("You can appeal within 15 days, until 07/16/2026 10:00 UTC.", datetime(2026, 7, 16, 10, tzinfo=UTC)),
        ("You can appeal within 8 days, until 09/07/2026 10:00 UTC.", datetime(2026, 7, 9, 10, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_order_of_day_and_month_is_settled_by_the_mail_itself(
    text: str, deadline: datetime
) -> None:
    head = "Violation ID: 44120019\nReason: Counterfeit\nStatus: Enforced\nPoints: 6\n"
    (finding,) = found_in(mails.plain(head + text))

    assert isinstance(finding, ViolationFinding)
    assert finding.appeal_by == deadline


def test_zone_at_the_end_of_a_range_holds_for_both_ends() -> None:
    found = found_in(
        mails.plain(
            "您的店铺已触发 100 分处罚节点。\n限制内容：禁止上架新商品\n"
            "限制时间：2026/07/10 08:00 至 2026/07/24 08:00（UTC）",
            subject="处罚节点通知",
        )
    )

    assert [
        (one.starts_at, one.ends_at)
        for finding in found
        if isinstance(finding, MilestoneFinding)
        for one in finding.enforcements
    ] == [(datetime(2026, 7, 10, 8, tzinfo=UTC), datetime(2026, 7, 24, 8, tzinfo=UTC))]


@pytest.mark.parametrize(
    ("subject", "text", "days"),
    [
        ("Your store is inactive", "Your last activity was 30 days ago. After 37 days your products will be delisted.", 30),
        ("Your store is inactive", "There has been no activity in your store for 30 days, after 37 days it will be closed.", 30),
        ("店铺不活跃提醒", "您的店铺已连续30天没有经营活动，满37天后商品将被下架。", 30),
        ("Toko Anda tidak aktif", "Aktivitas terakhir toko Anda 30 hari yang lalu. Setelah 37 hari produk akan diturunkan.", 30),
    ],
)  # fmt: skip
def test_days_of_inactivity_are_told_from_those_that_may_follow(
    subject: str, text: str, days: int
) -> None:
    assert said(subject, text) == [("days", days)]


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("二次申诉结果", "您对MY-44120019的第二次申诉已审核完毕，结论：维持原处罚。此为最终结果。", ("MY-44120019", "refused", None)),
        ("Appeal decision", "Your appeal for violation 44120019 could not be upheld. This decision is final.", ("44120019", "refused", None)),
        ("Appeal decision", "Your appeal for violation 44120019 was decided in your favor. We give back 6 points.", ("44120019", "granted", 6)),
        ("申訴結果", "您針對違規編號 44120019 提交的申訴已審核通過，6分已返還。", ("44120019", "granted", 6)),
    ],
)  # fmt: skip
def test_outcome_is_read_in_many_words(
    subject: str, text: str, expected: tuple[object, ...]
) -> None:
    assert said(subject, text) == [expected]


@pytest.mark.parametrize(
    ("subject", "text", "value"),
    [
        ("รายงานสุขภาพบัญชี", "คะแนนสุขภาพบัญชีของคุณวันนี้อยู่ที่ ๑๘๖ คะแนน", 186),
        ("Laporan kesehatan akun", "Skor kesehatan akun Anda hari ini: 186 poin.", 186),
    ],
)
def test_health_report_is_read_in_many_words(subject: str, text: str, value: int) -> None:
    assert said(subject, text) == [("rating", value)]


def test_name_of_the_shop_keeps_its_own_letters() -> None:
    (finding,) = found_in(
        mails.plain(
            "店鋪名稱：蘭亭選物\n違規編號：44120019\n違規原因：類目錯放\n扣分：6分\n狀態：已生效"
        )
    )

    assert isinstance(finding, ViolationFinding)
    assert (finding.store.name, finding.rule_text) == ("蘭亭選物", "類目錯放")


def test_what_a_style_sheet_hides_is_not_read() -> None:
    found = found_in(
        mails.html(
            "<style>.x, p.y{display:none} @media (max-width:400px){.seen{display:none}}</style>"
            "<div class='x'>Your appeal was rejected</div><p class=y>48 points were deducted</p>"
            "<p class='seen'>Your appeal for violation 44120019 was approved.</p>"
        )
    )

    assert [essence(one) for one in found] == [("44120019", "granted", None)]


def test_balance_below_zero_is_read_from_a_sentence() -> None:
    assert said(
        "Saldo toko Anda negatif", "Saldo toko Kopi Hujan per 10 Juli 2026 adalah -Rp1.532.800."
    ) == [(Decimal(-1532800), "IDR")]


@pytest.mark.parametrize(
    "text",
    [
        "Violation 44120019 was reversed. 6 points were deducted by mistake and are restored.",
        "Violation ID: 44120019\nReason: Counterfeit\nStatus: Cancelled\n6 points have been deducted.",
        "违规编号：44120019，假冒，已扣6分，其中4分已返还。",
        "违规编号：44120019\n违规类型：假冒\n扣分：6分\n状态：已撤销",
        "Mã vi phạm: VN44120019\nLý do: Hàng giả\nTrạng thái: Đã hủy\nĐiểm trừ: 6",
        "Nomor pelanggaran: ID44120019\nAlasan: Produk palsu\n6 poin telah dikurangi lalu dikembalikan.",
        "รหัสการละเมิด: TH44120019\nเหตุผล: สินค้าปลอม\nคะแนน: 6\nสถานะ: ยกเลิกแล้ว",
    ],
)
def test_violation_that_is_taken_back_is_for_a_person(text: str) -> None:
    assert said("Notice", text) == [("asked", "state_unclear", "")]


@pytest.mark.parametrize(
    "text",
    [
        "Violation ID: 44120019\nReason: Counterfeit\nStatus: Enforced\nPoints: 4 or 6",
        "Violation ID: 44120019\nReason: Counterfeit\nStatus: Enforced\nPoints: 4 -> 6",
        "Violation ID: 44120019\nReason: Counterfeit\nStatus: Enforced\nPoints: 6 (previously 4)",
        "违规编号：44120019\n违规类型：假冒\n扣分：4分或6分\n状态：已生效",
        "Mã vi phạm: VN44120019\nLý do: Hàng giả\nĐiểm trừ: 4 hoặc 6\nTrạng thái: Đã áp dụng",
    ],
)
def test_one_of_two_numbers_is_for_a_person(text: str) -> None:
    assert said("Notice", text) == [("asked", "number_doubtful", "points")]


def test_two_balances_are_for_a_person() -> None:
    assert said("Negative balance", "Your balance was -$45.20 last week and is -$20.10 now.") == [
        ("asked", "contradictory", "amount")
    ]


def test_appeal_that_was_decided_twice_is_for_a_person() -> None:
    assert said(
        "Appeal",
        "Your appeal for violation 44120019 was rejected first but has been approved since.",
    ) == [("asked", "outcome_unclear", "partly")]


def test_restriction_in_force_is_no_milestone_that_comes_near() -> None:
    assert said(
        "Your shop is close to the 150 milestone",
        "Your shop was restricted on July 10, 2026: you cannot create new listings.",
    ) == [("asked", "other_kind", "warning")]


def test_enforcement_of_a_later_hour_is_for_a_person() -> None:
    assert said(
        "Notice",
        "Violation ID: 44120019\nReason: Counterfeit\nPoints: 6\nEffective: July 14, 2026 06:00 UTC",
    ) == [("asked", "state_unclear", "")]
