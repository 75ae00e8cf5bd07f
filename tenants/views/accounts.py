"""Pages of a person's own account that differ from allauth's."""

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import ConfirmEmailView
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from tenants import accounts
from tenants.forms.accounts import ChoosePasswordForm
from tenants.models import User


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class ConfirmEmail(ConfirmEmailView):  # type: ignore[misc]
    """Confirm an address; the first one of a person brings her password with it.

    That is the one typed in this very browser, else one that is chosen here: nobody else's.
    """

    open_because = "the signed key of a mailed link decides"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if self.object and "form" not in context and self._must_choose():
            context["form"] = ChoosePasswordForm(user=self._person())
        return context

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        person = self._person()
        if not accounts.is_unconfirmed(person):
            answer: HttpResponse = super().post(*args, **kwargs)
            return answer
        if self._must_choose():
            form = ChoosePasswordForm(self.request.POST, user=person)
            if not form.is_valid():
                context = self.get_context_data(form=form)
                return render(self.request, self.template_name, context, status=422)
            form.save(person)
        else:
            accounts.take_kept_password(self.request, person)
        answer = super().post(*args, **kwargs)
        if self.request.user.is_authenticated or accounts.is_unconfirmed(person):
            return answer
        # Another browser, or long after: she has just shown that mailbox and password are hers.
        record_authentication(self.request, person, method="password", email=person.email)
        entered: HttpResponse = perform_login(self.request, Login(user=person, email=person.email))
        return entered

    def _person(self) -> User:
        person = self.object.email_address.user
        assert isinstance(person, User)
        return person

    def _must_choose(self) -> bool:
        person = self._person()
        return accounts.is_unconfirmed(person) and not accounts.has_kept_password(
            self.request, person
        )
