from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tenants import ids
from tenants.base import PublicSecret
from tenants.models.agencies import Agency


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """One person, whatever the number of agencies she works for. Never deleted."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="UTC")
    is_active = models.BooleanField(default=True)
    password = PublicSecret(_("password"), max_length=128)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def zone(self) -> ZoneInfo:
        """The person's time zone; UTC where the one she chose is not known here."""
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo("UTC")

    @property
    def initials(self) -> str:
        words = (self.name or self.email.split("@")[0].replace(".", " ")).split()
        return "".join(word[0] for word in words[:2]).upper() or "?"


# What the given roles are called; their stored names are for those who read the database.
_GIVEN_NAMES = {
    "owner": pgettext_lazy("role", "Owner"),
    "admin": pgettext_lazy("role", "Admin"),
    "lead": pgettext_lazy("role", "Lead"),
    "specialist": pgettext_lazy("role", "Specialist"),
    "auditor": pgettext_lazy("role", "Auditor"),
    "client": pgettext_lazy("role", "Client"),
}


class Role(models.Model):
    """A named set of capabilities of one agency; six are given to each."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="roles")
    code = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=60)
    capabilities = ArrayField(models.CharField(max_length=40))
    all_stores = models.BooleanField(default=False)  # the scope a new member of it starts with

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "code"], name="role_code_once")]
        ordering = ("name",)

    def __str__(self) -> str:
        return str(_GIVEN_NAMES.get(self.code, self.name))


class Membership(models.Model):
    """A user's seat and role in an agency. Never deleted, only deactivated."""

    class StoreScope(models.TextChoices):
        ALL = "all", _("All stores")
        LISTED = "listed", _("Listed stores, groups and clients")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="memberships")
    store_scope = models.CharField(max_length=8, choices=StoreScope, default=StoreScope.LISTED)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "user"], name="membership_once_per_agency")
        ]

    def __str__(self) -> str:
        return str(self.user)

    def can(self, capability: str) -> bool:
        return capability in self.role.capabilities

    @property
    def sees_all_stores(self) -> bool:
        return self.store_scope == self.StoreScope.ALL


class Invitation(models.Model):
    """An invitation by e-mail to join an agency; the token is kept as its hash."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")
    store_scope = models.CharField(max_length=8, choices=Membership.StoreScope)
    store_ids = ArrayField(models.UUIDField(), default=list)
    invited_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.email


class Handoff(models.Model):
    """A single-use pass that carries a signed-in person from the public host to an agency's."""

    token_hash = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=8, default="enter")  # or "reauth"
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    nonce_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"


class ApiKey(models.Model):
    """A key of the REST API: looked up by prefix, kept as a hash, shown once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=60)
    prefix = models.CharField(max_length=16, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40))  # "read", "write"
    store_ids = ArrayField(models.UUIDField(), null=True)  # null: every store
    made_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class AccountEvent(models.Model):
    """What a person did with her own account: sign-ins, factors, agencies made."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["user", "-at"], name="account_event_by_user")]

    def __str__(self) -> str:
        return self.kind
