-- What cannot be added up by the dates of the books alone: all of stores that may have been closed,
-- entries whose end is stated, and those whose points nobody stated, with their reversals.
ledger AS MATERIALIZED (
  SELECT *
  FROM scoring_ledgerentry
  WHERE dated_at IS NULL
    OR estimate_high IS NOT NULL
    OR reverses_id = ANY (
      ARRAY(SELECT id FROM scoring_ledgerentry WHERE estimate_high IS NOT NULL)
    )
    OR store_id = ANY (ARRAY(SELECT id FROM stores JOIN closable USING (store)))
)
