"""Signatures, held against examples that others published.

The first is TikTok Shop's own ("Sign your API request"), the next two are from the tests of
DotNetCore.SKIT.FlurlHttpClient.ByteDance (MIT), the last has a page token with characters that an
address would escape.
"""

from dataclasses import dataclass, replace

import pytest

from stores.marketplaces.tiktok_shop.signing import push_signature, signature


@dataclass(frozen=True)
class Example:
    path: str
    parameters: dict[str, str]
    secret: str
    sign: str
    body: bytes = b""

    def signature(self) -> str:
        return signature(
            app_secret=self.secret, path=self.path, parameters=self.parameters, body=self.body
        )


WEBHOOKS = {
    "app_key": "68xu9ks5p4i8",
    "shop_cipher": "ROW_xkMbgAAAeVAQra0eZWebFQq5aIK",
    "timestamp": "1696909648",
}
EXAMPLES = {
    "official": Example(
        path="/authorization/202309/shops",
        parameters={"app_key": "29a39d", "timestamp": "1623812664"},
        secret="e59af819cc",
        sign="b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8",
    ),
    "without a body": Example(
        path="/event/202309/webhooks",
        parameters=WEBHOOKS,
        secret="e59af819cc",
        sign="ed58e1b5e59865c22a7b828c1cab65007441f43cc91a6cb2f2cdc638e0995a37",
    ),
    "with a body": Example(
        path="/event/202309/webhooks",
        parameters=WEBHOOKS,
        secret="e59af819cc",
        body=b'{"event_type":"PACKAGE_UPDATE","address":"https://partner.tiktokshop.com"}',
        sign="701dd6deb2389fe4c469b89bd37fc56f96a6da6afeb4d01c9077a65169752fa7",
    ),
    "a page token with equals signs": Example(
        path="/analytics/202510/shop_lives/7512345678901234567/performance_per_minutes",
        parameters={
            "app_key": "38abcd",
            "shop_cipher": "GCP_XF90igAAAABh00qsWgtvOiGFNqyubMt3",
            "timestamp": "1789105000",
            "currency": "LOCAL",
            "page_token": "cGFnZV9udW1iZXI9MQ==",
        },
        secret="bi-mat-ung-dung-gia",
        sign="30a273bb12eba1e39455dab226e59c54d6b682326eb61f8ec8a343bb557f0d0d",
    ),
}
each_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


@each_example
def test_signature_equals_the_published_one(example: Example) -> None:
    assert example.signature() == example.sign


def _changed(text: str) -> list[str]:
    return [f"{text[:place]}~{text[place + 1 :]}" for place in range(len(text))]


@each_example
def test_signature_differs_when_any_one_character_is_changed(example: Example) -> None:
    # given every example that differs from the published one in a single place
    others = [replace(example, path=path) for path in _changed(example.path)]
    others += [replace(example, secret=secret) for secret in _changed(example.secret)]
    others += [replace(example, body=body.encode()) for body in _changed(example.body.decode())]
    others.append(replace(example, body=example.body + b" "))
    for name, value in example.parameters.items():
        rest = {key: other for key, other in example.parameters.items() if key != name}
        others += [replace(example, parameters={**rest, name: text}) for text in _changed(value)]
        others += [replace(example, parameters={**rest, key: value}) for key in _changed(name)]

    # then none is signed like it
    assert [other for other in others if other.signature() == example.sign] == []


def test_signature_leaves_out_the_sign_and_the_access_token() -> None:
    official = EXAMPLES["official"]
    parameters = {**official.parameters, "sign": "anything", "access_token": "anything"}

    assert replace(official, parameters=parameters).signature() == official.sign


def test_signature_leaves_out_the_body_when_it_is_multipart() -> None:
    official = EXAMPLES["official"]

    signed = signature(
        app_secret=official.secret,
        path=official.path,
        parameters=official.parameters,
        body=b"--part--",
        content_type="Multipart/Form-Data; boundary=part",
    )

    assert signed == official.sign


def test_a_push_is_signed_as_tiktok_shop_published_it() -> None:
    # From "TikTok Shop webhooks overview".
    body = (
        b'{"type":1,"tts_notification_id":"7380066284010030890","shop_id":"7495540735365777507",'
        b'"timestamp":1718305585,"data":{"is_on_hold_order":true,"order_id":"576653688135258178",'
        b'"order_status":"UNPAID","update_time":1718305585}}'
    )
    expected = "5dec0f11ec2f6783b8deee53c9ffbf8d024302f7c7e7fa55a35d17629031ac05"

    assert push_signature(app_key="abcdef", app_secret="123", body=body) == expected
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert push_signature(app_key="abcdef", app_secret="123", body=changed) != expected
