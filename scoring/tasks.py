"""Due work of this room."""
