-- Entries that weigh now and will end, with what is left of them.
weighing AS (
  SELECT store, ends_at, is_deduction, left_now
  FROM entries
  WHERE starts_at <= (SELECT at FROM asked_for) AND ends_at > (SELECT at FROM asked_for)
    AND left_now <> 0
)
