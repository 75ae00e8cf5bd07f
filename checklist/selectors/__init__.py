"""Reads of the checklist."""
