"""Reads about cases and remediations."""
