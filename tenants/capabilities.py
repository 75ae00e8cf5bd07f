"""What a member may do, and the six roles that every agency starts with."""

from typing import Final

VIEW: Final = frozenset({"stores.view", "ratings.view", "checks.view", "cases.view"})
SPECIALIST: Final = VIEW | {
    "notes.internal",
    "readings.record",
    "violations.record",
    "checks.tick",
    "appeals.draft",
    "remediations.work",
    "alerts.handle",
}
LEAD: Final = SPECIALIST | {
    "stores.connect",
    "stores.edit",
    "ratings.adjust",
    "checks.assign",
    "checks.edit",
    "appeals.review",
    "appeals.file",
    "remediations.assign",
    "people.view",
    "subaccounts.edit",
    "exports.run",
}
ADMIN: Final = LEAD | {
    "people.invite",
    "people.roles",
    "settings.agency",
    "settings.mail",
    "settings.review",
    "apikeys.manage",
    "audit.view",
}
OWNER: Final = ADMIN | {"agency.delete"}
AUDITOR: Final = VIEW | {"notes.internal", "people.view", "audit.view", "exports.run"}
CLIENT: Final = VIEW

CAPABILITIES: Final = OWNER

# Code, name, capabilities, and whether the role reaches every store or only those listed.
GIVEN_ROLES: Final = (
    ("owner", "Owner", OWNER, True),
    ("admin", "Admin", ADMIN, True),
    ("lead", "Lead", LEAD, True),
    ("specialist", "Specialist", SPECIALIST, False),
    ("auditor", "Auditor", AUDITOR, True),
    ("client", "Client", CLIENT, False),
)
