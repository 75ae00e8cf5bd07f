-- All entries of the suspects.
suspect_entries AS MATERIALIZED (
  SELECT entries.* FROM entries JOIN suspects USING (store)
)
