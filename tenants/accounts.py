"""What allauth asks of us: sign-in and two-step live on the public host and nowhere else."""

import time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from allauth.account import auth_backends
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.middleware import get_user
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.urls import reverse

from tenants import addresses, scope, sealing
from tenants.models import User
from tenants.selectors import people

_NO_AGENCY = UUID(int=0)  # a person's secrets belong to no agency
_LINKS = ("activate_url", "password_reset_url", "signup_url")
_KEPT = "signup_password"  # in a session: whose, and its hash


class AuthenticationBackend(auth_backends.AuthenticationBackend):  # type: ignore[misc]
    """allauth's, which loads a person outside any scope: an agency's role reads no password."""

    def get_user(self, user_id: Any) -> Any:
        with scope.public():
            return super().get_user(user_id)


def end_sessions(user: User, *, but: str | None = None) -> None:
    """End the person's sessions on every host, except the one whose key is ``but``."""
    tracked = UserSession.objects.filter(user_id=user.pk).exclude(session_key=but)
    Session.objects.filter(session_key__in=tracked.values("session_key")).delete()
    tracked.delete()


def recently_signed_in(request: HttpRequest) -> bool:
    """Tell whether a password or code was given on this very session a few minutes ago."""
    records = get_authentication_records(request, request.user)
    return bool(records) and (
        time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    )


def is_unconfirmed(user: User) -> bool:
    """Tell whether the person has confirmed no address yet, so that nobody can have signed in."""
    return not EmailAddress.objects.filter(user=user, verified=True).exists()


def unconfirmed_person(email: str) -> User | None:
    """Return who signed up with ``email`` and has not confirmed it."""
    person = User.objects.filter(email__iexact=email).first()
    return person if person is not None and is_unconfirmed(person) else None


def keep_password(request: HttpRequest, email: str, password: str) -> None:
    """Keep the hash of a sign-up's password in the session, until ``email`` is confirmed.

    Done for known addresses too, so that the time taken tells nothing.
    """
    request.session[_KEPT] = {"email": email.lower(), "password": make_password(password)}


def has_kept_password(request: HttpRequest, user: User) -> bool:
    kept = request.session.get(_KEPT)
    return kept is not None and kept["email"] == user.email.lower()


def take_kept_password(request: HttpRequest, user: User) -> None:
    """Make the password that was typed in this browser the person's."""
    user.password = request.session.pop(_KEPT)["password"]
    user.save(update_fields=["password"])


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts by e-mail; whatever a request says its host is, links lead to the public one."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        for link in _LINKS:
            if link in context:
                parts = urlsplit(context[link])
                context[link] = addresses.public_url(parts.path)
        super().send_mail(template_prefix, email, context)

    def is_safe_url(self, url: str | None) -> bool:
        return bool(url) and addresses.is_local_path(str(url))

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        request.session.pop(_KEPT, None)
        addresses.bind_session(request)

    def logout(self, request: HttpRequest) -> None:
        """Sign out here and, with it, on every agency's host."""
        user = get_user(request)  # itself, not the lazy wrapper that forgets it on signing out
        super().logout(request)
        if isinstance(user, User):
            end_sessions(user)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's
        return reverse("tenants:found")

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        assert isinstance(request.user, User)
        has_seat = people.seats_of(request.user).exists()
        return reverse("tenants:agencies" if has_seat else "tenants:found")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's
        return reverse("tenants:home")


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Two-step secrets are sealed for the one person they belong to."""

    def encrypt(self, text: str) -> str:
        return sealing.seal(
            text, table="mfa_authenticator", column="data", row=_person(), agency=_NO_AGENCY
        )

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(
            encrypted_text,
            table="mfa_authenticator",
            column="data",
            row=_person(),
            agency=_NO_AGENCY,
        )

    def get_totp_issuer(self) -> str:
        return "Storewarden"


def _person() -> str:
    """Return the id of whoever is signed in, or is half-way through signing in."""
    request = allauth_context.request
    if request.user.is_authenticated:
        return str(request.user.pk)
    login = unstash_login(request, peek=True)
    return str(login.user.pk) if login and login.user else "nobody"
