-- All of the ledger.
ledger AS NOT MATERIALIZED (SELECT * FROM scoring_ledgerentry)
