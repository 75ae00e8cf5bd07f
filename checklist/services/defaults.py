"""The two procedures that every agency starts with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from checklist.models import ItemLimit, Procedure, ProcedureItem, Proof, Schedule
from checklist.models.procedures import EVERY_DAY
from checklist.services import rounds
from stores.metrics import METRICS, Bad


@dataclass(frozen=True, slots=True)
class Item:
    key: str
    title: str
    title_zh: str
    how_to: str
    how_to_zh: str
    proof: Proof
    metrics: tuple[str, ...]
    needs_value: bool = False


DAILY_ITEMS: Final = (
    Item(
        "store_status",
        "Store status and activity",
        "店铺状态与活跃度",
        "Open the seller centre's home page: no banner says restricted, suspended or inactive.\n"
        "Look at the last order, listing or reply: the store must not fall silent for weeks.\n"
        "Good looks like: open for business, active within the last days, access not expiring.",
        "打开卖家中心首页：没有受限、停用或不活跃的横幅。\n"
        "查看最近的订单、上架或回复：店铺不能连续数周没有动作。\n"
        "正常：正常营业，近几天有活动，授权没有即将到期。",
        Proof.DATA,
        ("days_inactive", "authorization_days"),
    ),
    Item(
        "account_security",
        "Account security",
        "账号安全",
        "Open account settings, security: two-step verification is on for every user.\n"
        "Read the sign-in log of the last day: every place and device is ours.\n"
        "Compare the list of users with who should be there. Take a photo of the page.",
        "打开账号设置的安全页：每个用户都已开启两步验证。\n"
        "查看近一天的登录记录：每个地点和设备都是自己人。\n"
        "核对用户名单，确认没有多余的人。为该页面拍照留证。",
        Proof.PERSON,
        ("two_step", "unusual_sign_ins"),
    ),
    Item(
        "balance",
        "Balance",
        "账户余额",
        "Open finance: read the balance, with what is held back.\n"
        "Look for penalty lines and failed payouts since yesterday.\n"
        "Good looks like: not below zero. A balance that stays negative freezes payouts.",
        "打开财务页：查看余额及被冻结的金额。\n"
        "检查昨天以来是否有罚款或付款失败。\n"
        "正常：余额不为负。长期为负会冻结提现。",
        Proof.MIXED,
        ("balance",),
        needs_value=True,
    ),
    Item(
        "reviews_violations",
        "Reviews and violations",
        "评价与违规",
        "Open account health: read every new violation and warning, and record it here.\n"
        "Read new reviews with one or two stars: answer them, and look for a common cause.\n"
        "Good looks like: nothing new, or everything new is recorded and has an owner.",
        "打开账号健康页：阅读所有新的违规和警告，并记录到本系统。\n"
        "阅读新的一星、二星评价：回复，并找出共同原因。\n"
        "正常：没有新增，或新增项都已记录并有负责人。",
        Proof.MIXED,
        ("low_reviews",),
    ),
    Item(
        "inventory",
        "Inventory",
        "库存",
        "Open products, sort by stock: what sells must not be out of stock.\n"
        "Compare what is low with its safety stock, and order more or lower the offer.\n"
        "Good looks like: nothing out of stock, nothing under its safety stock.",
        "打开商品页，按库存排序：在售商品不能缺货。\n"
        "将低库存商品与安全库存比较，及时补货或下调可售数量。\n"
        "正常：没有缺货，也没有低于安全库存的商品。",
        Proof.DATA,
        ("out_of_stock", "low_stock"),
    ),
    Item(
        "response_rate",
        "Response rate, 24 h",
        "24 小时回复率",
        "Open customer service data: read the response rate.\n"
        "Answer what is unread, the oldest first. Automatic replies do not count.\n"
        "Good looks like: 90 % or more.",
        "打开客服数据：查看回复率。\n先回复最早的未读消息。自动回复不计入。\n正常：90% 或以上。",
        Proof.DATA,
        ("response_rate",),
    ),
)
ORDERS_ITEMS: Final = (
    Item(
        "orders",
        "Orders, RTS failures, disputes",
        "订单、待发货失败与纠纷",
        "Open manage orders, tab to ship, sorted by dispatch time: count what is past its time.\n"
        "Look for parcels whose ready-to-ship step failed, and send them again.\n"
        "Look in cancellations and returns: answer requests and disputes before they run out.\n"
        "Good looks like: nothing past dispatch, no failed parcel, no unanswered dispute.",
        "打开订单管理的待发货页，按发货时间排序：统计已超时的订单。\n"
        "查找待发货步骤失败的包裹，并重新提交。\n"
        "查看取消与退货：在到期前回复申请和纠纷。\n"
        "正常：没有超时订单，没有失败包裹，没有未回复的纠纷。",
        Proof.DATA,
        ("overdue_orders", "rts_failures", "cancel_requests", "open_disputes"),
    ),
)


@dataclass(frozen=True, slots=True)
class Default:
    name: str
    name_zh: str
    items: tuple[Item, ...]
    times: tuple[time, ...]
    length: timedelta


DEFAULTS: Final[Mapping[str, Default]] = MappingProxyType(
    {
        "daily": Default(
            "Daily risk check", "每日风险检查", DAILY_ITEMS, (time(8),), timedelta(hours=10)
        ),
        "orders": Default(
            "Orders", "订单检查", ORDERS_ITEMS, (time(9), time(16)), timedelta(hours=3)
        ),
    }
)


def found_procedures(*, at: datetime) -> None:
    """Write the default procedures and their schedules; those already there are left alone."""
    for key, default in DEFAULTS.items():
        procedure, is_new = Procedure.objects.get_or_create(
            key=key,
            defaults={"name": default.name, "name_zh": default.name_zh, "is_default": True},
        )
        if not is_new:
            continue
        _write_items(procedure, default.items)
        schedule = Schedule.objects.create(
            procedure=procedure,
            times=list(default.times),
            weekdays=list(EVERY_DAY),
            length=default.length,
            opened_until=at,
        )
        rounds.arm(schedule=schedule, at=at)


def _write_items(procedure: Procedure, items: tuple[Item, ...]) -> None:
    limits = []
    for order, item in enumerate(items):
        row = ProcedureItem.objects.create(
            procedure=procedure,
            key=item.key,
            order=order,
            title=item.title,
            title_zh=item.title_zh,
            how_to=item.how_to,
            how_to_zh=item.how_to_zh,
            proof=item.proof,
            needs_value=item.needs_value,
        )
        limits += [_usual_limit(row, place, code) for place, code in enumerate(item.metrics)]
    ItemLimit.objects.bulk_create(limits)


def _usual_limit(item: ProcedureItem, order: int, code: str) -> ItemLimit:
    metric = METRICS[code]
    assert metric.limit is not None, f"{code} has no limit to pass by."
    return ItemLimit(
        item=item,
        order=order,
        metric=code,
        comparator=(
            ItemLimit.Comparator.AT_LEAST
            if metric.bad is Bad.BELOW
            else ItemLimit.Comparator.AT_MOST
        ),
        value=metric.limit,
        max_age=metric.max_age,
    )
