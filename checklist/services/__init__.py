"""Writes of the checklist: procedures and schedules, rounds, ticks by people and by data."""
