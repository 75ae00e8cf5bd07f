"""What the files of the corpus tell, apart from how they look: all of it is invented."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Fact = dict[str, Any]

ZONES = {
    "VN": "Asia/Ho_Chi_Minh",
    "TH": "Asia/Bangkok",
    "ID": "Asia/Jakarta",
    "SG": "Asia/Singapore",
    "MY": "Asia/Kuala_Lumpur",
    "PH": "Asia/Manila",
    "US": "America/Los_Angeles",
    "BR": "America/Sao_Paulo",
    "GB": "Europe/London",
}
CURRENCIES = {
    "VN": "VND", "TH": "THB", "ID": "IDR", "SG": "SGD", "MY": "MYR", "PH": "PHP", "US": "USD",
    "BR": "BRL", "GB": "GBP",
}  # fmt: skip
WHOLE = {"VND", "IDR"}  # no cents
PERSONAL = {
    "recipient", "phone", "address", "address2", "username", "nickname", "message", "email",
    "bank_account", "zipcode", "note",
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    name: str
    user: str
    phone: str
    address: str
    message: str


PEOPLE = {
    "VN": [
        Person(
            "Phạm Thị Hoàng Yến",
            "yenyen_corpus01",
            "+84 900 555 0141",
            "Số 12 ngõ Trúc Xanh",
            "Giao giờ trưa giúp mình",
        ),
        Person(
            "Lê Quốc Bảo",
            "baole_corpus02",
            "+84 900 555 0162",
            "Căn 7B chung cư Hạc Trắng",
            "Gọi trước khi giao",
        ),
        Person(
            "Võ Minh Khuê",
            "khuevo_corpus03",
            "+84 900 555 0187",
            "88 hẻm Sương Mai",
            "Đừng bấm chuông",
        ),
    ],
    "TH": [
        Person(
            "กานดา ศรีจันทร์ทอง", "kanda_corpus04", "+66 900 555 011", "99/7 ซอยดอกหญ้า", "ฝากไว้ที่ป้อมยาม"
        ),
        Person("ธีรพล แสงเดือน", "teera_corpus05", "+66 900 555 022", "12 ถนนเมฆขาว", "โทรก่อนส่ง"),
    ],
    "ID": [
        Person(
            "Dewi Ratnasari Kusumo",
            "dewirk_corpus06",
            "+62 800 5550 117",
            "Jl. Kembang Sepatu 14 RT 03",
            "Titip di pos satpam",
        ),
        Person(
            "Bagus Wirayudha",
            "baguswy_corpus07",
            "+62 800 5550 118",
            "Gang Melati Putih 5",
            "Jangan dilipat ya",
        ),
    ],
    "BR": [
        Person(
            "Jussara Figueiredo Prado",
            "jussara_corpus08",
            "+55 11 95550-0147",
            "Rua das Acácias Brancas 210",
            "Deixar na portaria",
        ),
        Person(
            "Otávio Sampaio Leme",
            "otavio_corpus09",
            "+55 11 95550-0148",
            "Travessa do Sabiá 9",
            "Presente de aniversário",
        ),
    ],
    "US": [
        Person(
            "Clementine Ashdown",
            "clem_corpus10",
            "(+1)2025550171",
            "4410 Larkmeadow Ct Apt 9",
            "Leave it behind the planter",
        ),
        Person(
            "Barnaby Whitlock",
            "barnaby_corpus11",
            "(+1)2025550172",
            "77 Quillfeather Rd",
            "Gate code is 5519",
        ),
    ],
    "SG": [
        Person(
            "Koh Swee Lan Corpus",
            "kohsl_corpus12",
            "+65 8555 0131",
            "Blk 318 Frangipani Drive #07-21",
            "Please hang at door",
        ),
        Person(
            "Farid bin Osman Corpus",
            "farid_corpus13",
            "+65 8555 0132",
            "5 Tembusu Green #02-11",
            "Ring twice",
        ),
    ],
}
PRODUCTS = ["Ceramic mug, blue", 'Lamp "Nest" 40 cm', "Rattan tray; large", "Cotton tee\nsize M"]


def people(market: str) -> list[Person]:
    return PEOPLE.get(market, PEOPLE["SG"])


def amount(value: Decimal | str, currency: str) -> Fact:
    return {"value": str(value), "currency": currency}


def _money(cents: int, currency: str) -> Decimal:
    return Decimal(cents * 10) if currency in WHOLE else Decimal(cents) / 100


def orders(market: str, count: int, *, shopee: bool = False) -> list[Fact]:
    """Lines of orders in all states; an order has two or three."""
    zone, currency = ZoneInfo(ZONES[market]), CURRENCIES[market]
    begin = datetime(2026, 7, 11, 9, 14, 27, tzinfo=zone)  # soon past the 12th: no month
    found = []
    for line in range(count):
        at = line * 2 // 5  # two or three lines an order, standing together
        person = people(market)[at % len(people(market))]
        created = begin + timedelta(hours=31 * at, minutes=47 * at)
        state = ("done", "shipped", "to_ship", "cancelled")[at % 4]
        sent, done = state in {"done", "shipped"}, state == "done"
        number = 576_461_000_000_000_417 + at * 7_919_000_131
        found.append(
            {
                "order_id": f"2607{11 + at:02}KX{number % 10**6:06}" if shopee else str(number),
                "item_id": str(80_100_200_300_000 + line),
                "sku_id": str(1_729_400_000_000_000_000 + line),
                "seller_sku": f"SKU-{line + 1:03}",
                "product": PRODUCTS[line % len(PRODUCTS)],
                "quantity": 1 + line % 3,
                "state": state,
                "created_at": created,
                "paid_at": created + timedelta(minutes=3),
                "ship_by": created + timedelta(hours=48),
                "rts_at": created + timedelta(hours=5) if sent else None,
                "shipped_at": created + timedelta(hours=26) if sent else None,
                "delivered_at": created + timedelta(hours=70) if done else None,
                "cancelled_at": created + timedelta(hours=2) if state == "cancelled" else None,
                "amount": _money(3_591 + 12_345 * at, currency),
                "refund": Decimal(0),
                "currency": currency,
                "tracking": f"LEX{900_100 + at}" if sent else None,
                "package": str(1_152_900_000_000_000_000 + at),
                "recipient": person.name,
                "username": person.user,
                "nickname": person.user.removesuffix("_") + ".nick",
                "phone": person.phone,
                "address": person.address,
                "address2": person.address + ", 2F",
                "message": person.message,
                "email": person.user + "@example.com",
                "zipcode": f"99950-01{at:02}" if market == "US" else None,
                "note": f"VIP {person.name}",
            }
        )
    return found


def settlements(market: str, count: int) -> list[Fact]:
    zone, currency = ZoneInfo(ZONES[market]), CURRENCIES[market]
    found = []
    for at in range(count):
        created = datetime(2026, 6, 3, 10, 5, tzinfo=zone) + timedelta(days=at, minutes=13 * at)
        revenue = _money(50_000 + 1_111 * at, currency)
        fees = _money(4_200 + 10 * at, currency)
        penalty = _money(1_500, currency) if at % 4 == 2 else Decimal(0)
        deduction = at % 4 == 2
        number = 576_460_000_000_000_001 + at * 1_000_003
        found.append(
            {
                "id": str(number + 77 if deduction else number),
                "type": "Platform penalty" if deduction else "Order",
                "created_at": created,
                "settled_at": created + timedelta(days=9),
                "currency": currency,
                "settlement": -penalty if deduction else revenue - fees,
                "revenue": Decimal(0) if deduction else revenue,
                "fees": Decimal(0) if deduction else -fees,
                "penalty": -penalty,
                "zero": Decimal(0),
                "related_order_id": str(number),
            }
        )
    return found


def withdrawals(market: str, count: int) -> list[Fact]:
    zone, currency = ZoneInfo(ZONES[market]), CURRENCIES[market]
    found = []
    for at in range(count):
        asked = datetime(2026, 7, 1, 8, 30, 15, tzinfo=zone) + timedelta(days=3 * at)
        deduction = at % 3 == 1
        found.append(
            {
                "type": "Policy violation deduction" if deduction else "Withdrawal",
                "reference": str(3_461_000_000_000_000_000 + at),
                "requested_at": asked,
                "amount": -_money(12_000 + 999 * at, currency),
                "currency": currency,
                "status": "Transferred" if at % 3 != 2 else "Processing",
                "succeeded_at": asked + timedelta(hours=20) if at % 3 != 2 else None,
                "bank_account": f"Bank of Corpus ****77{at}4",
            }
        )
    return found


def violations(market: str) -> list[Fact]:
    zone = ZoneInfo(ZONES[market])

    def at(day: int, month: int = 7, hour: int = 10) -> datetime:
        return datetime(2026, month, day, hour, tzinfo=zone)

    shops = ["Teal Harbor", "Tea & Thread", "ร้านมะลิลา" if market == "TH" else "Löwe Studio"]
    rows: list[tuple[Any, ...]] = [
        (0, "V-26071301", "prohibited_product", 12, "pending", at(13), None, at(16), at(12, 8)),
        (1, "V-26071402", "counterfeit", 24, "enforced", at(14), at(14, hour=11), None, at(13, 8)),
        (0, "V-26071503", "late_dispatch", 2, "enforced", at(15), at(15, hour=12), None, at(14, 8)),
        (2, None, "knock_off", 0, "enforced", at(17), at(17, hour=11), None, None),
        (1, "V-26072205", "wrong_category", 6, "pending", at(22), None, at(25), at(21, 8)),
    ]
    names = [
        "shop",
        "reference",
        "rule",
        "points",
        "state",
        "reported_at",
        "enforced_at",
        "correct_by",
        "appeal_by",
    ]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return [fact | {"shop": shops[fact["shop"]]} for fact in found]


def ratings(market: str) -> list[Fact]:
    zone = ZoneInfo(ZONES[market])
    shops = ["Teal Harbor", "Tea & Thread", "Löwe Studio", "Nine Bamboo"]
    values = [186, 200, 148, 1000]
    return [
        {"shop": shop, "rating": value, "at": datetime(2026, 7, 20 + day, 9, 30, tzinfo=zone)}
        for day, (shop, value) in enumerate(zip(shops, values, strict=True))
    ]


def readings(market: str) -> list[Fact]:
    zone = ZoneInfo(ZONES[market])
    at = datetime(2026, 7, 21, 8, tzinfo=zone)
    values = [
        ("Teal Harbor", "late_dispatch_rate", "3.5", "%"),
        ("Teal Harbor", "response_rate", "91.25", "%"),
        ("Tea & Thread", "balance", "-132.40", CURRENCIES[market]),
        ("Tea & Thread", "unread_messages", "7", None),
        ("Löwe Studio", "days_inactive", "12", None),
    ]
    return [
        {"shop": shop, "measure": measure, "value": Decimal(value), "unit": unit, "at": at}
        for shop, measure, value, unit in values
    ]


def stores() -> list[Fact]:
    rows = [
        ("Teal Harbor", "TikTok Shop", "US", "7495000000000000021", "Harbor Trading Ltd", "Team A"),
        (
            "Tea & Thread",
            "TikTok Shop",
            "GB",
            "7495000000000000022",
            "Harbor Trading Ltd",
            "Team A",
        ),
        ("Löwe Studio", "Shopee", "SG", "330077121", "Löwe GmbH", None),
        ("九竹 Nine Bamboo", "Lazada", "MY", "MY2AB91", "Nine Bamboo Sdn Bhd", "Team B"),
    ]
    names = ["shop", "marketplace", "market", "shop_id", "client", "group"]
    return [dict(zip(names, row, strict=True)) for row in rows]


def stores_like_formulas() -> list[Fact]:
    """Names that a spreadsheet would run: kept as they are, harmless where they go out again."""
    begun = ["=1+1 Studio", "+65 Trading", "-Minus- Shop", '@SUM "Lane"']
    return [fact | {"shop": name} for fact, name in zip(stores(), begun, strict=True)]


def sub_accounts() -> list[Fact]:
    zone = ZoneInfo("Asia/Singapore")
    service = datetime(2026, 7, 19, 18, 2, tzinfo=zone)
    finance = datetime(2026, 3, 2, 7, 45, tzinfo=zone)
    rows = [
        ("Teal Harbor", "jo.ops@agency.example.com", "Jo Ops", "Customer service", service),
        ("Teal Harbor", "max.fin@agency.example.com", "Max Fin", "Finance", finance),
        ("Löwe Studio", "main@loewe.example.com", "Löwe Main", "Main account", None),
    ]
    names = ["shop", "login", "name", "role", "last_sign_in"]
    return [dict(zip(names, row, strict=True)) for row in rows]
