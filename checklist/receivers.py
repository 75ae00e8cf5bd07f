"""Hears the news of lower rooms inside their transaction, and only writes rows."""
