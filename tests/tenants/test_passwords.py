import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tenants.passwords import leaked_passwords

TOO_WEAK = "password_too_weak"
LEAKED = "password_leaked"


@pytest.mark.parametrize(
    ("password", "refused_for"),
    [
        pytest.param("Aa1!aaaa", [], id="8 with all four kinds"),
        pytest.param("Aa1!aaa", [TOO_WEAK], id="7 with all four kinds"),
        pytest.param("aa1!aaaa", [TOO_WEAK], id="no capital"),
        pytest.param("AA1!AAAA", [TOO_WEAK], id="no small letter"),
        pytest.param("Aab!aaaa", [TOO_WEAK], id="no digit"),
        pytest.param("Aa1baaaa", [TOO_WEAK], id="no symbol"),
        pytest.param("Aa1 aaaa", [TOO_WEAK], id="a space is no symbol"),
        pytest.param("qwpoeirutyslak", [TOO_WEAK], id="14 small letters"),
        pytest.param("qwpoeirutyslakd", [], id="15 small letters"),
        pytest.param("               ", [], id="15 spaces"),
        pytest.param("密码密码密码密码密码密码密码密", [], id="15 of another script"),
        pytest.param("Éé1!éééé", [], id="letters with accents"),
        pytest.param("123456789", [TOO_WEAK, LEAKED], id="leaked and weak"),
        pytest.param("1qaz2wsx3edc4rfv", [LEAKED], id="leaked though long"),
        pytest.param("1QAZ2wsx3EDC4rfv", [LEAKED], id="leaked in other capitals"),
        pytest.param("P@ssw0rd", [LEAKED], id="leaked though of all kinds"),
    ],
)
def test_password_is_strong_and_not_leaked(password: str, refused_for: list[str]) -> None:
    try:
        validate_password(password)
    except ValidationError as refusal:
        found = [error.code for error in refusal.error_list]
    else:
        found = []
    assert found == refused_for


def test_list_of_leaked_passwords_is_bundled() -> None:
    assert len(leaked_passwords()) > 19_000
