"""Notices by mail: reading a mail, judging whose word it is, and finding what it says.

All of it but ``deliver`` is plain: bytes and values in, values out. Whoever calls keeps the rows.
"""
