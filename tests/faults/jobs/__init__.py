"""Due work of the bench; its app makes the kinds known to workers and dispatchers."""
