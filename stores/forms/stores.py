"""Forms for stores, clients, groups, and who reaches what."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from stores import markets
from stores.models import Client, Store, StoreGroup
from stores.selectors.clients import members_of
from tenants.forms.names import NameField
from tenants.models import Agency, Membership

_LANGUAGES = [("", "–"), ("en", _("English")), ("zh-hans", _("Simplified Chinese"))]


class MemberChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of the agency's active members."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.user)


class StoreForm(forms.Form):
    """A store's place and names. Without a time zone it has its market's."""

    name = NameField(label=_("Name"), max_length=120)
    marketplace = forms.ChoiceField(label=_("Marketplace"), choices=Store.Marketplace.choices)
    market = forms.ChoiceField(
        label=_("Market"), choices=[("", _("Choose the country")), *markets.MARKETS.items()]
    )
    seller_type = forms.ChoiceField(
        label=_("Seller type"),
        choices=Store.SellerType.choices,
        initial=Store.SellerType.LOCAL,
        widget=forms.RadioSelect,
    )
    external_id = forms.CharField(
        label=_("Shop ID"),
        max_length=64,
        required=False,
        help_text=_("Found by itself when you connect the store."),
    )
    client = forms.ModelChoiceField(
        label=_("Client"), queryset=Client.objects.none(), required=False, empty_label="–"
    )
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=StoreGroup.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    owner = MemberChoice(
        label=_("Owner"), queryset=Membership.objects.none(), required=False, empty_label="–"
    )
    safety_stock = forms.IntegerField(
        label=_("Safety stock"),
        min_value=0,
        max_value=1_000_000,
        required=False,
        help_text=_("So few units of a SKU count as low. Empty: none does."),
    )
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=40,
        required=False,
        help_text=_("Empty: the market's own, such as Asia/Bangkok."),
    )

    def __init__(
        self,
        *args: Any,
        agency: Agency,
        clients: QuerySet[Client],
        groups: QuerySet[StoreGroup],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        _choose_from(self, "client", clients)
        _choose_from(self, "groups", groups)
        _choose_from(self, "owner", members_of(agency))

    def clean(self) -> None:
        marketplace, market = self.cleaned_data.get("marketplace"), self.cleaned_data.get("market")
        if marketplace and market and market not in markets.MARKETS_OF[marketplace]:
            has = [
                name
                for code, name in markets.MARKETS.items()
                if code in markets.MARKETS_OF[marketplace]
            ]
            self.add_error(
                "market",
                _("%(marketplace)s has stores in: %(markets)s.")
                % {
                    "marketplace": Store.Marketplace(marketplace).label,
                    "markets": ", ".join(map(str, has)),
                },
            )

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        if zone and not markets.is_zone(zone):
            raise forms.ValidationError(_("We do not know this time zone."))
        return zone

    def clean_external_id(self) -> str:
        return "".join(str(self.cleaned_data["external_id"]).split())


class ClientForm(forms.Form):
    name = NameField(label=_("Name"), max_length=120)
    contact = NameField(label=_("Contact"), max_length=200, required=False)
    language = forms.ChoiceField(label=_("Language of reports"), choices=_LANGUAGES, required=False)


class GroupForm(forms.Form):
    name = NameField(label=_("Name"), max_length=80)


class AccessForm(forms.Form):
    """What a member with a listed scope reaches."""

    stores = forms.ModelMultipleChoiceField(
        label=_("Stores"),
        queryset=Store.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=StoreGroup.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    clients = forms.ModelMultipleChoiceField(
        label=_("Clients"),
        queryset=Client.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        live = Store.objects.exclude(state=Store.State.ARCHIVED).order_by("name")
        _choose_from(self, "stores", live)
        _choose_from(self, "groups", StoreGroup.objects.order_by("name"))
        _choose_from(self, "clients", Client.objects.order_by("name"))


def _choose_from(form: forms.Form, name: str, choices: Any) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = choices
