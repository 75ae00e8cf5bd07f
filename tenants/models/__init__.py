"""The public tables: who the agencies and people are, and what is due."""

from tenants.models.agencies import (
    Agency,
    Domain,
    SchemaStep,
    SchemaTemplate,
    SchemaVersion,
)
from tenants.models.closing import AgencyDeletion
from tenants.models.consents import ConsentLink
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
    "AgencyDeletion",
    "ApiKey",
    "ConsentLink",
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
    "SchemaStep",
    "SchemaTemplate",
    "SchemaVersion",
    "StoreRoute",
    "User",
]
