"""Writes about cases and remediations."""
