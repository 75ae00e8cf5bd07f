"""Notices sent by wish of the control page: one at a time, or a wave of violations."""

import threading
from dataclasses import replace

from stores.sandbox import fields, mail
from stores.sandbox.calls import Marketplace
from stores.sandbox.incidents import Incident
from stores.sandbox.shops import Shop

MOST_MAILS = 200
REASONS = (
    "High late dispatch rate",
    "Prohibited product",
    "Counterfeit",
    "IP infringement",
    "Wrong category",
    "Low 24 h response rate",
)
_MOST_POINTS = 12
_WITHOUT_RATING = "2"  # the variant of a violation's notice that tells no rating


class Letters:
    """Writes notices and hands them to the mail."""

    def __init__(self, marketplace: Marketplace, deliver: mail.Deliver) -> None:
        self.settings = marketplace.settings
        self.state = marketplace.state
        self.shops = marketplace.shops
        self.deliver = deliver
        self._alone = threading.Lock()

    def send(self, form: fields.Form) -> dict[str, object]:
        """Send the notice that a form describes, and remember where the shop gets its mail."""
        shop = fields.shop(form, self.shops)
        to = _address(form.get("to", ""))
        wish = mail.Wish(
            kind=form.get("kind", "violation"),
            to=to,
            variant=form.get("variant", ""),
            language=form.get("language") or "en",
            form=form.get("form") or "both",
            signature=form.get("signature") or "valid",
        )
        defaults = mail.Facts()
        facts = mail.Facts(
            rating=fields.number(form, "rating", defaults.rating, least=-1000, most=1000),
            points=fields.number(form, "points", defaults.points, least=0, most=1000),
            reason=fields.line(form, "reason") or defaults.reason,
            subject=fields.line(form, "subject") or defaults.subject,
            reference=fields.line(form, "reference"),
            days_to_correct=fields.number(form, "days_to_correct", 3, least=0, most=365),
            days_to_appeal=fields.number(form, "days_to_appeal", 30, least=0, most=365),
        )
        subject, message_id = self._send(wish, shop, facts)
        with self.state.changing() as state:
            state.mail_addresses[shop.id] = to
        return {
            "done": f"Sent to {to}: {subject}",
            "shop": shop.id,
            "subject": subject,
            "message_id": message_id,
        }

    def start_wave(self, form: fields.Form) -> dict[str, object]:
        """Send many violations to one shop, or to all whose address is known, till the end."""
        whose, shops = fields.shops(form, self.shops)
        to = form.get("to", "").strip()
        if whose and to:
            with self.state.changing() as state:
                state.mail_addresses[whose] = _address(to)
        told = [shop for shop in shops if shop.id in self.state.mail_addresses]
        if not told:
            raise fields.Wrong("to: give the store's forwarding address.")
        now = self.settings.seconds()
        count = fields.number(form, "count", 5, least=1, most=MOST_MAILS)
        rating = form.get("rating", "").strip()
        if rating:
            fields.number(form, "rating", 0, least=-1000, most=1000)
        end = fields.end(form, now)
        wave = Incident(0, "violation_wave", whose, now, end, count=count, detail=rating)
        with self.state.changing() as state:
            state.incidents.start(wave)
        self.tick()
        return {"done": f"{count} violations for {len(told)} shops", "incident": wave.number}

    def tick(self) -> None:
        """Send the mails of all waves that are due by now."""
        now = self.settings.seconds()
        with self._alone:
            for wave in tuple(self.state.incidents.known):
                if wave.kind == "violation_wave":
                    self._roll_on(wave, now)

    def _roll_on(self, wave: Incident, now: int) -> None:
        while wave.amount < wave.due(now):
            addresses = dict(self.state.mail_addresses)
            for shop in self.shops.all:
                if wave.is_at(shop) and shop.id in addresses:
                    self._send_violation(shop, addresses[shop.id], wave)
            with self.state.changing():
                wave.amount += 1
        if wave.amount >= wave.count:
            with self.state.changing() as state:
                state.incidents.known.remove(wave)

    def _send_violation(self, shop: Shop, to: str, wave: Incident) -> None:
        """Send the next violation of a wave, with the rating that its points leave.

        Where nobody has said what the rating was before, none is told.
        """
        number = wave.amount
        facts = mail.Facts(
            points=_points(number),
            reason=REASONS[number % len(REASONS)],
            subject=f"Order 57{shop.mark}{number:04d}",
        )
        if not wave.detail:
            self._send(mail.Wish("violation", to, variant=_WITHOUT_RATING), shop, facts)
            return
        taken = sum(map(_points, range(number + 1)))
        self._send(
            mail.Wish("violation", to), shop, replace(facts, rating=int(wave.detail) - taken)
        )

    def _send(self, wish: mail.Wish, shop: Shop, facts: mail.Facts) -> tuple[str, str]:
        with self.state.changing() as state:
            number = state.mails_sent
            state.mails_sent += 1
        message = mail.compose(wish, shop, facts, self.settings.now(), number)
        content = mail.signed(message, wish.signature, self.state.key_for_mail(mail.new_key))
        self.deliver(wish.to, content)
        return str(message["Subject"]), str(message["Message-ID"])


def _points(number: int) -> int:
    """Return the points that the violation of this number in a wave takes."""
    return 1 + number % _MOST_POINTS


def _address(text: str) -> str:
    to = text.strip()
    if "@" not in to or not to.isascii() or any(letter.isspace() for letter in to):
        raise fields.Wrong("to: give the store's forwarding address.")
    return to
