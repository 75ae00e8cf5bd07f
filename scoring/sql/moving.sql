-- What is still there when the first moment asked about comes, and what may once have brought its
-- store nearer to a closing. Whatever else is long gone.
moving_entries AS MATERIALIZED (
  SELECT * FROM entries WHERE is_late OR takes
)
