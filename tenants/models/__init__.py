"""The public tables: who the agencies and people are, and what is due."""

from tenants.models.agencies import Agency, Domain, SchemaTemplate
from tenants.models.inbound import InboundEvent, MailRoute, MarketplaceApp, OAuthState, StoreRoute
from tenants.models.people import (
    AccountEvent,
    ApiKey,
    Handoff,
    Invitation,
    Membership,
    Role,
    User,
)
from tenants.models.work import DueWork

__all__ = [
    "AccountEvent",
    "Agency",
    "ApiKey",
    "Domain",
    "DueWork",
    "Handoff",
    "InboundEvent",
    "Invitation",
    "MailRoute",
    "MarketplaceApp",
    "Membership",
    "OAuthState",
    "Role",
    "SchemaTemplate",
    "StoreRoute",
    "User",
]
