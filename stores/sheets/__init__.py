"""Files of tables to rows, CSV and XLSX, whatever saved them and however broken they are.

Plain Python: ``child`` reads a file in a process of its own, bounded in memory and time, so a file
that is made to burst bursts there; ``door`` starts it and says what came of it.
"""
