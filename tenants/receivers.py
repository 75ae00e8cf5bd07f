"""Hears from allauth what a person does with her account, and writes it down."""

from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from django.dispatch import receiver
from django.utils import timezone

from tenants.accounts import end_sessions, is_unconfirmed
from tenants.models import AccountEvent, User


def _note(user: User, kind: str, **detail: str) -> None:
    AccountEvent.objects.create(user=user, kind=kind, at=timezone.now(), detail=detail)


@receiver(account.user_signed_up)
def _signed_up(user: User, **_: Any) -> None:
    # Until her address is confirmed a person may sign up again; her account is made once.
    if not AccountEvent.objects.filter(user=user, kind="account.made").exists():
        _note(user, "account.made")


@receiver(account.user_logged_in)
def _signed_in(user: User, **_: Any) -> None:
    _note(user, "signed_in")


@receiver(account.user_logged_out)
def _signed_out(user: User | None, **_: Any) -> None:
    if user is not None and user.is_authenticated:
        _note(user, "signed_out")


@receiver(account.email_confirmed)
def _email_confirmed(email_address: Any, **_: Any) -> None:
    _note(email_address.user, "email.confirmed")


@receiver(account.password_changed)
@receiver(account.password_set)
def _password_changed(user: User, request: Any, **_: Any) -> None:
    end_sessions(user, but=request.session.session_key)
    _note(user, "password.changed")


@receiver(account.password_reset)
def _password_reset(user: User, **_: Any) -> None:
    # The link went to that mailbox, so it confirms a first address as well.
    if is_unconfirmed(user):
        EmailAddress.objects.filter(user=user, email=user.email).update(verified=True)
    end_sessions(user)
    _note(user, "password.reset")


@receiver(mfa.authenticator_added)
def _factor_added(user: User, authenticator: Any, **_: Any) -> None:
    _note(user, "factor.added", factor=str(authenticator.type))


@receiver(mfa.authenticator_removed)
def _factor_removed(user: User, authenticator: Any, **_: Any) -> None:
    _note(user, "factor.removed", factor=str(authenticator.type))


@receiver(mfa.authenticator_reset)
def _factor_reset(user: User, authenticator: Any, **_: Any) -> None:
    _note(user, "factor.reset", factor=str(authenticator.type))
