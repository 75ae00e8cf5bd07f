-- Entries that weigh at the moment asked about, with what their reversals leave of them.
weighing AS (
  SELECT entries.store, entries.ends_at, entries.is_deduction, left_over.points
  FROM entries
  CROSS JOIN asked_for
  LEFT JOIN (
    SELECT entry, sum(points) AS points
    FROM reversals
    CROSS JOIN asked_for
    WHERE starts_at <= asked_for.at
    GROUP BY entry
  ) given_back ON given_back.entry = entries.id
  CROSS JOIN LATERAL (
    SELECT entries.points + COALESCE(given_back.points, 0) AS points
  ) left_over
  WHERE entries.starts_at <= asked_for.at AND entries.ends_at > asked_for.at
    AND left_over.points <> 0
)
