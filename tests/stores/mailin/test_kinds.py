"""Every kind of notice in every language: read as it stands, or left to a person."""

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
    NewsFinding,
    RatingFinding,
    Triage,
    ViolationFinding,
    parse,
)
from tests.stores.mailin import mails

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
RECEIVED = datetime(2026, 7, 14, tzinfo=UTC)
START = datetime(2026, 7, 12, 17, tzinfo=UTC)  # midnight in Hanoi, Bangkok and Jakarta
WEEK_LATER = datetime(2026, 7, 19, 17, tzinfo=UTC)
TWO_WEEKS_LATER = datetime(2026, 7, 26, 17, tzinfo=UTC)


def essence(finding: Finding) -> tuple[object, ...]:  # noqa: PLR0911 - a table by class
    match finding:
        case ViolationFinding():
            return (finding.reference, finding.rule, finding.state, finding.points)
        case RatingFinding():
            return (finding.measure, finding.value)
        case CountFinding():
            return (finding.what, finding.value)
        case AppealFinding() | CorrectionFinding():
            return (finding.reference, finding.outcome, finding.points_restored)
        case MilestoneFinding():
            told = tuple((one.kind, one.starts_at, one.ends_at) for one in finding.enforcements)
            return (finding.value, *told)
        case InactivityFinding():
            return ("days", finding.days)
        case BalanceFinding():
            return (finding.amount, finding.currency)
        case NewsFinding():
            return ("news", finding.title)
        case Triage():
            return (str(finding.reason), finding.about, finding.kind)


def said(subject: str, text: str) -> list[tuple[object, ...]]:
    (notice,) = read_mail(mails.plain(text, subject=subject)).notices
    return [essence(one) for one in parse(notice, zone=HANOI, received_at=RECEIVED)]


LISTINGS, CAMPAIGNS = "listing_limit", "campaign_block"


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        (
            "Enforcement notice: 150-point milestone reached",
            (
                "Your shop reached the 150-point milestone on 13"
                " July 2026.\nEffective from 13 July 2026"
                " 00:00 (UTC+7) until 20 July 2026 00:00 (UTC+7),"
                " you cannot create new listings or join"
                " mega campaigns.\nIf your rating falls to 100,"
                " listings will be suspended for 14 days.\n"
                "You can appeal by 12 August 2026."
            ),
            [(150, (LISTINGS, START, WEEK_LATER), (CAMPAIGNS, START, WEEK_LATER))],
        ),
        (
            "Account health milestone",
            (
                "Your store has accumulated 24 points. Creating and"
                " updating listings is suspended for"
                " 14 days. New mega campaigns are off for 42"
                " days.\nStart date: 2026-07-13 00:00 UTC+7"
            ),
            [
                (
                    None,
                    (LISTINGS, START, TWO_WEEKS_LATER),
                    (CAMPAIGNS, START, datetime(2026, 8, 23, 17, tzinfo=UTC)),
                )
            ],
        ),
        (
            "Milestone reached",
            (
                "Your shop reached the 150-point milestone. You"
                " cannot create new listings for one week"
                " starting 13 July 2026 00:00 (UTC+7)."
            ),
            [(150, (LISTINGS, START, WEEK_LATER))],
        ),
        (
            "Your account has been permanently deactivated",
            (
                "Your Account Health Rating has reached the"
                " 0-point milestone. Your account has been"
                " permanently closed effective 13 July 2026 00:00 (UTC+7)."
            ),
            [(0, ("closed", START, None))],
        ),
        (
            "处罚通知：您的店铺触发 150 分节点",
            (
                "您的账户健康评分已降至 150 分，触发 150"
                " 分处罚节点。\n自2026年7月13日00:00（UTC+7）起7天内，"
                "您将无法发布新商品，且无法报名大促活动。\n现有商品和订单不受影响。"
            ),
            [(150, (LISTINGS, START, WEEK_LATER), (CAMPAIGNS, START, WEEK_LATER)), ("rating", 150)],
        ),
        (
            "账户健康节点处罚",
            (
                "您的店铺已触发 100 分处罚节点。\n处罚措施：暂停发布新商品；禁止报名平台活动\n"
                "生效时间：2026年7月13日 00:00（UTC+7）\n持续时间：14天"
            ),
            [(100, (LISTINGS, START, TWO_WEEKS_LATER), (CAMPAIGNS, START, TWO_WEEKS_LATER))],
        ),
        (
            "Cửa hàng của bạn đã đạt mốc xử phạt",
            (
                "Điểm tình trạng tài khoản của bạn đã giảm xuống 148"
                " điểm.\nTừ 00:00 ngày 13/07/2026 đến"
                " 00:00 ngày 20/07/2026, bạn không thể đăng sản phẩm"
                " mới và không thể tham gia chiến dịch"
                " lớn.\nCác sản phẩm hiện có không bị ảnh hưởng."
            ),
            [
                (None, (LISTINGS, START, WEEK_LATER), (CAMPAIGNS, START, WEEK_LATER)),
                ("rating", 148),
            ],
        ),
        (
            "Toko Anda telah mencapai milestone kesehatan akun",
            (
                "Skor kesehatan akun Anda telah turun menjadi 148"
                " poin. Mulai 13 Juli 2026 pukul 00.00"
                " WIB selama 7 hari Anda tidak dapat menambahkan"
                " produk baru dan tidak dapat mengikuti"
                " kampanye besar."
            ),
            [
                (None, (LISTINGS, START, WEEK_LATER), (CAMPAIGNS, START, WEEK_LATER)),
                ("rating", 148),
            ],
        ),
        (
            "ร้านค้าของคุณถึงเกณฑ์การลงโทษแล้ว",
            (
                "คะแนนสุขภาพบัญชีของคุณลดลงเหลือ 148"
                " คะแนน\nไม่สามารถลงสินค้าใหม่ และไม่สามารถเข้าร่วมแคมเปญ"
                " เป็นเวลา 7 วัน\nเริ่มตั้งแต่วันที่ 13 ก.ค. 2569 เวลา 00:00 น."
            ),
            [
                (None, (LISTINGS, START, WEEK_LATER), (CAMPAIGNS, START, WEEK_LATER)),
                ("rating", 148),
            ],
        ),
    ],
)
def test_milestone_is_read_with_its_enforcements_and_their_dates(
    subject: str, text: str, expected: list[tuple[object, ...]]
) -> None:
    assert said(subject, text) == expected


def test_violation_and_the_milestone_that_it_led_to_are_read_from_one_notice() -> None:
    assert said(
        "Policy violation",
        "Violation ID: 8837261940\nViolation type: Counterfeit\n24 points have been deducted."
        " Status: Enforcement action taken\nYour shop has reached the 150-point milestone: no new"
        " listings for 7 days from 13 July 2026 00:00 (UTC+7).",
    ) == [
        ("8837261940", "counterfeit", "enforced", -24),
        (150, (LISTINGS, START, WEEK_LATER)),
    ]


@pytest.mark.parametrize(
    ("subject", "text", "days"),
    [
        (
            "Action required: inactivity notice",
            (
                "Our records show that your shop has been inactive"
                " for 60 consecutive days. Shops that"
                " are inactive for 67 days are permanently closed. Please log in within 7 days."
            ),
            60,
        ),
        (
            "您的店铺长期未经营",
            "您的店铺已连续 30 天没有经营活动。若在 7 天内仍无活动，全部商品将被下架。",
            30,
        ),
        ("店铺不活跃通知", "系统检测到您的店铺已超过60个自然日无任何经营活动，请尽快登录。", 60),
        (
            "Cửa hàng của bạn không hoạt động",
            (
                "Cửa hàng của bạn không có hoạt động nào trong 30"
                " ngày. Nếu không có hoạt động trong 7"
                " ngày tới, sản phẩm sẽ bị gỡ."
            ),
            30,
        ),
        (
            "Toko Anda tidak aktif",
            (
                "Toko Anda telah tidak aktif selama 30 hari. Jika tidak ada aktivitas dalam 7 hari,"
                " semua produk akan diturunkan."
            ),
            30,
        ),
        (
            "ร้านค้าของคุณไม่มีการเคลื่อนไหว",
            ("ร้านค้าของคุณไม่มีการเคลื่อนไหวเป็นเวลา 30 วัน หากไม่มีการเคลื่อนไหวภายใน 7 วัน สินค้าจะถูกนำออก"),
            30,
        ),
    ],
)
def test_inactivity_is_read_with_its_days(subject: str, text: str, days: int) -> None:
    assert said(subject, text) == [("days", days)]


@pytest.mark.parametrize(
    ("subject", "text", "amount", "currency"),
    [
        (
            "Negative balance of your store",
            (
                "Your account balance is -US$120.50. If it stays"
                " below -US$250, payouts will be frozen."
            ),
            "-120.50",
            "USD",
        ),
        ("Your shop has a negative balance", "Current balance: USD -1,120.50", "-1120.50", "USD"),
        ("Negative balance notice", "Account balance: ($120.50)", "-120.50", "$"),
        ("Negative balance", "Your balance is negative: 45.10 GBP", "-45.10", "GBP"),
        ("Negative balance reminder", "Your shop currently owes ₫1.250.000.", "-1250000", "VND"),
        (
            "店铺余额为负通知",
            "您的店铺当前余额为 -120.50 美元。低于 -250 美元时提现将被冻结。",
            "-120.50",
            "USD",
        ),
        ("欠款提醒", "欠款金额：US$ 98.00", "-98.00", "USD"),
        ("Số dư âm", "Số dư hiện tại: -1.250.000 ₫\nVui lòng thanh toán.", "-1250000", "VND"),
        ("Saldo toko Anda negatif", "Saldo Anda saat ini adalah -Rp1.250.000.", "-1250000", "IDR"),
        ("ยอดเงินคงเหลือติดลบ", "ยอดเงินคงเหลือของคุณ: -฿1,250.00", "-1250.00", "THB"),
    ],
)
def test_negative_balance_is_read_with_its_currency(
    subject: str, text: str, amount: str, currency: str
) -> None:
    assert said(subject, text) == [(Decimal(amount), currency)]


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        (
            "Take Action Now: Review Your Account Health Daily Report",
            (
                "Your Account Health Rating is currently at 176 points.\nOpen violations: 3\n"
                "Points deducted (last 90 days): 24"
            ),
            [("rating", 176), ("points_deducted", 24), ("open_violations", 3)],
        ),
        (
            "账户健康日报",
            "账户健康评分：176\n近 90 天累计扣分：24\n待处理违规：3 条",
            [("rating", 176), ("points_deducted", 24), ("open_violations", 3)],
        ),
        (
            "Báo cáo hằng ngày về tình trạng tài khoản",
            "Điểm tình trạng tài khoản của bạn hiện là 176 điểm.\nVi phạm chưa xử lý: 3",
            [("rating", 176), ("open_violations", 3)],
        ),
        (
            "Laporan harian kesehatan akun",
            "Skor kesehatan akun Anda saat ini adalah 176 poin.\nPelanggaran aktif: 3",
            [("rating", 176), ("open_violations", 3)],
        ),
        ("รายงานสุขภาพบัญชีประจำวัน", "คะแนนสุขภาพบัญชีของคุณอยู่ที่ 176 คะแนน", [("rating", 176)]),
    ],
)
def test_health_report_is_read_with_what_it_counts(
    subject: str, text: str, expected: list[tuple[object, ...]]
) -> None:
    assert said(subject, text) == expected


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        (
            "Correction accepted",
            (
                "Your correction for violation 8837261940 has been"
                " accepted. The violation has lapsed"
                " and no points will be deducted."
            ),
            ("8837261940", "accepted", None),
        ),
        (
            "Your correction was not approved",
            (
                "Your correction of violation record 8837261940 was"
                " not approved. You can still appeal"
                " before July 20, 2026."
            ),
            ("8837261940", "rejected", None),
        ),
        (
            "整改审核通过",
            "您对违规编号：CN2026888 提交的整改已通过审核，已返还 4 分。",
            ("CN2026888", "accepted", 4),
        ),
        ("整改未通过", "违规编号：CN2026888\n整改结果：未通过", ("CN2026888", "rejected", None)),
        (
            "Kết quả khắc phục",
            "Mã vi phạm: VN8872661\nViệc khắc phục của bạn đã được chấp nhận.",
            ("VN8872661", "accepted", None),
        ),
        (
            "Kết quả khiếu nại",
            (
                "Khiếu nại của bạn đối với vi phạm VN20260701 đã"
                " được chấp nhận. 12 điểm đã được hoàn"
                " lại."
            ),
            ("VN20260701", "granted", 12),
        ),
        (
            "Hasil banding",
            "Banding Anda untuk pelanggaran ID20260701 telah ditolak.",
            ("ID20260701", "refused", None),
        ),
        (
            "ผลการอุทธรณ์",
            "หมายเลขการละเมิด: TH20260701\nคำอุทธรณ์ของคุณได้รับการอนุมัติแล้ว คืน 12 คะแนน",
            ("TH20260701", "granted", 12),
        ),
    ],
)
def test_outcome_is_read_with_its_violation(
    subject: str, text: str, expected: tuple[object, ...]
) -> None:
    assert said(subject, text) == [expected]


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        (
            "Thông báo vi phạm",
            (
                "Mã vi phạm: VN20260701\nLoại vi phạm: Sản phẩm bị cấm\nTrạng thái: Đã xử phạt\n"
                "Điểm bị trừ: 12\nThời gian xử phạt: 09:30 ngày"
                " 01/07/2026\nHạn khiếu nại: 31/07/2026"
            ),
            ("VN20260701", "prohibited_product", "enforced", -12),
        ),
        (
            "Cảnh báo vi phạm đang chờ xử lý",
            (
                "Mã vi phạm: VN20260701\nLoại vi phạm: Giao hàng trễ\nTrạng thái: Đang chờ xử lý\n"
                "Điểm sẽ bị trừ: 4\nHạn khắc phục: 08/07/2026 17:00"
            ),
            ("VN20260701", "high_late_dispatch_rate", "pending", -4),
        ),
        (
            "Pemberitahuan pelanggaran",
            (
                "ID pelanggaran: ID20260701\nJenis pelanggaran: Produk terlarang\nStatus: Tindakan"
                " penegakan telah diambil\nPoin yang dikurangi: 12"
            ),
            ("ID20260701", "prohibited_product", "enforced", -12),
        ),
        (
            "แจ้งเตือนการละเมิดนโยบาย",
            (
                "หมายเลขการละเมิด: TH20260701\nประเภทการละเมิด:"
                " สินค้าต้องห้าม\nสถานะ: ดำเนินการลงโทษแล้ว\n"
                "คะแนนที่ถูกหัก: 12\nกำหนดเวลาอุทธรณ์: 31 กรกฎาคม 2569 23:59 น."
            ),
            ("TH20260701", "prohibited_product", "enforced", -12),
        ),
        (
            "Warning: policy violation",
            (
                "Violation ID: 99120044\nReason: Listing"
                " guideline\nThis is a warning. No points have"
                " been deducted."
            ),
            ("99120044", "listing_guideline", "enforced", 0),
        ),
        (
            "违规警告通知",
            "违规编号：CN99120\n违规类型：类目错放\n本次为警告，不扣分。",
            ("CN99120", "wrong_category", "enforced", 0),
        ),
        (
            "待处理违规提醒",
            (
                "违规编号：CN7788990\n违规类型：类目错放\n状态：待处罚\n请在"
                " 2026-07-20 18:00（北京时间）前完成整改，"
                "整改通过后将不扣分。"
            ),
            ("CN7788990", "wrong_category", "pending", None),
        ),
        (
            "违规通知",
            (
                "违规编号：CN1122334\n违规类型：禁售商品\n扣分：6"
                " 分\n状态：已生效\n申诉成功后，扣分将恢复。"
                "整改完成后可恢复商品。"
            ),
            ("CN1122334", "prohibited_product", "enforced", -6),
        ),
    ],
)
def test_violation_or_warning_is_read(
    subject: str, text: str, expected: tuple[object, ...]
) -> None:
    assert said(subject, text) == [expected]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Policy update: Prohibited Products",
            (
                "We are updating our policy effective August 1,"
                " 2026. Sellers who violate it may have up"
                " to 48 points deducted."
            ),
        ),
        (
            "Upcoming changes to the Seller Performance Evaluation Policy",
            "From August 1, 2026, violations of this policy cost 4 points.",
        ),
        ("平台政策更新通知", "自2026年8月1日起，《禁售商品政策》将更新。违反者最高扣48分。"),
        ("Cập nhật chính sách hàng cấm", "Chính sách mới có hiệu lực từ ngày 01/08/2026."),
        ("Pembaruan kebijakan produk terlarang", "Kebijakan baru berlaku mulai 1 Agustus 2026."),
        ("อัปเดตนโยบายสินค้าต้องห้าม", "นโยบายใหม่มีผลบังคับใช้ตั้งแต่วันที่ 1 สิงหาคม 2569"),
    ],
)
def test_word_to_everybody_is_news(subject: str, text: str) -> None:
    assert said(subject, text) == [("news", subject)]


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("Your negative balance is settled", "Previous balance: -US$20.00", "negative_balance"),
        ("Negative balance", "Your balance is -$1.234.", "negative_balance"),
        ("Inactivity", "Your store is active again after 30 days of inactivity.", "inactivity"),
        ("Inactivity reminder", "Stores with no activity for 30 days are delisted.", "inactivity"),
        (
            "Inactivity",
            "Your store will be delisted after 37 days of inactivity.",
            "inactivity",
        ),
        ("Milestone reached", "No new listings. 13 July 2026 - 20 July 2026", "milestone"),
        (
            "Milestone reached",
            "You cannot create new listings from 13 July to 20 July 2026.",
            "milestone",
        ),
        (
            "Milestone reached",
            "No new listings for a fortnight starting 2026-07-13 10:00 UTC.",
            "milestone",
        ),
        (
            "节点处罚解除通知",
            "您的店铺的节点处罚已于 2026年7月13日 10:00 解除，可正常发布新商品。",
            "milestone",
        ),
        (
            "Your account health update",
            (
                "Violation ID: 8837261940\nReason:"
                " Counterfeit\nPoints deducted: 12\nYour Account Health"
                " Rating is now 176 points."
            ),
            "health_report",
        ),
        ("Correction rejected", "Your correction was rejected.", "correction_result"),
    ],
)
def test_notice_of_a_known_kind_waits_where_its_facts_are_in_doubt(
    subject: str, text: str, kind: str
) -> None:
    ((reason, about, known_as),) = said(subject, text)

    assert (about if reason == "other_kind" else known_as) == kind


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Policy update: new milestone rules",
            "From August 1, 2026 stores at the 150 milestone get no new listings for 7 days.",
        ),
        ("Good news for your store", "Your shop is doing great."),
        (
            "We received your correction",
            "Your correction for violation 8837261940 was received and is under review.",
        ),
    ],
)
def test_what_has_not_happened_to_this_store_is_never_acted_on(subject: str, text: str) -> None:
    (waits,) = said(subject, text)

    assert waits[0] in {"other_kind", "unrecognised"}
