"""What the commands about one agency share."""

import json
from typing import Any

from django.core.management.base import CommandError

from tenants.models import Agency
from tenants.services.agencies import agency_host


def named_agency(slug: str) -> Agency:
    agency: Agency | None = Agency.objects.filter(slug=slug).first()
    if agency is None:
        raise CommandError(f"There is no agency {slug}.")
    return agency


def print_state(stdout: Any, agency: Agency) -> None:
    """Print how an agency stands now as one JSON object."""
    agency.refresh_from_db()
    told = {"agency": agency.slug, "host": agency_host(agency.slug), "state": agency.state}
    stdout.write(json.dumps(told))
