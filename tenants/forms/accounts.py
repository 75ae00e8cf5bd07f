"""Forms of a person's own account that differ from allauth's."""

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from allauth.account.fields import SetPasswordField
from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from tenants import accounts
from tenants.models import User


class SignupForm(allauth.SignupForm):  # type: ignore[misc]
    """Sign-up, which may be done again until the address is confirmed."""

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Return the person who waits for her confirmation, or the answer for a known address.

        The password stays in this browser's session until the mailed link is opened: whoever
        signs up with somebody else's address leaves no password behind for them to confirm.
        """
        email = self.cleaned_data["email"]
        accounts.keep_password(request, email, self.cleaned_data.pop("password1"))
        if self.account_already_exists and (person := accounts.unconfirmed_person(email)):
            return person, None
        saved: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return saved


class ChoosePasswordForm(forms.Form):
    """The password of whoever opens a confirmation link where she did not sign up."""

    password = SetPasswordField(label=_("Choose a password"))

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["password"].user = user  # type: ignore[attr-defined]

    def save(self, user: User) -> None:
        get_adapter().set_password(user, self.cleaned_data["password"])
