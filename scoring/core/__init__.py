"""The rating as values in, values out: no clock, no database, no randomness, no Django.

``values`` are the rows and the answers, ``rulebook`` and ``loading`` the policies, ``sweep`` the
one pass over a ledger, ``rating`` what the rest of the house asks.
"""
