"""The mails in which mailbox providers ask whether they may forward, in two languages."""

from email.message import EmailMessage

from tests.stores.mailin import mails

ADDRESS = "k3v9wq7x@in.localhost"
MAILBOX = "seller.bamboo@gmail.com"
CODE = "582910347"
LINK = "https://mail-settings.google.com/mail/vf-%5BANGjdJ8-abc_DEF%5D-xYz123"
CANCEL = "https://mail-settings.google.com/mail/uf-%5BANGjdJ8-abc_DEF%5D-xYz123"

GMAIL_EN = f"""
{MAILBOX} has requested to automatically forward mail to your email address {ADDRESS}.
Confirmation code: {CODE}

To allow {MAILBOX} to automatically forward mail to your address, please click the link below to
confirm the request:

{LINK}

If you accidentally clicked the link, click this link to cancel it: {CANCEL}
"""

GMAIL_ZH = f"""
{MAILBOX} 已请求将邮件自动转发到您的电子邮件地址 {ADDRESS}。
确认码：{CODE}

要允许 {MAILBOX} 自动将邮件转发到您的地址，请点击以下链接确认该请求：

{LINK}
"""

OUTLOOK_EN = """
Somebody wants to forward messages from shop.bamboo@outlook.com to this address.

Your verification code is: 4471920

You can also confirm it here: https://outlook.live.com/mail/0/verify?token=AbC-19
"""

OUTLOOK_ZH = """
有人希望把邮箱 shop.bamboo@outlook.com 收到的邮件转发到此地址。
验证码为：4471920
"""

QQ_ZH = """
您好！
QQ邮箱用户 20260701@qq.com 请求将收到的邮件自动转发到此邮箱。
验证码：K7P3M2
或者打开链接确认：https://mail.qq.com/cgi-bin/forward_verify?sid=Ab12&t=x
"""

QQ_EN = """
A QQ Mail user wants to forward messages from 20260701@qq.com to this mailbox.
Verification code: K7P3M2
"""

NETEASE_ZH = """
尊敬的用户：
网易邮箱用户 bamboo_home@163.com 申请将来信自动转发至您的邮箱。
您的验证码是 739204，请在 24 小时内完成验证。
https://config.mail.163.com/forward/confirm.do?key=Zx_9
"""

NETEASE_EN = """
The mailbox: bamboo_home@163.com asks to forward its messages to this address.
Confirmation code: 739204
"""


def letter(text: str, *, sender: str, subject: str, markup: str = "") -> bytes:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ADDRESS
    mail["Subject"] = subject
    mail["Date"] = "Wed, 01 Jul 2026 03:00:00 +0000"
    mail["Message-ID"] = "<ask-1@provider.example>"
    mail.set_content(text.strip() + "\n")
    if markup:
        mail.add_alternative(markup, subtype="html")
    return mails.crlf(bytes(mail))


def gmail(text: str = GMAIL_EN, *, sender: str = "forwarding-noreply@google.com") -> bytes:
    return letter(
        text,
        sender=f"Gmail Team <{sender}>",
        subject=f"(#{CODE}) Gmail Forwarding Confirmation - Receive Mail from {MAILBOX}",
    )


def signed_gmail(text: str = GMAIL_EN) -> bytes:
    return mails.signed(gmail(text), "google.com")
