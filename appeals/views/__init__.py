"""Pages about cases and remediations."""
