"""Sets the machine up and runs every process of Storewarden on it. Nothing here imports Django."""
