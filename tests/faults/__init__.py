"""The fault bench: real processes, killed by a seeded schedule, and a judge of what is left."""
