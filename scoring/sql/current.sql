-- The current answers: what weighs at the moments asked about, added up.

-- Of those the ones that what weighed at one time would have closed, had none been given back.
suspects AS MATERIALIZED (
  SELECT summed.store
  FROM (
    SELECT
      store,
      sum(points) OVER until_here AS total,
      sum(points) FILTER (WHERE is_deduction) OVER until_here AS deducted
    FROM (
      SELECT store, starts_at AS instant, is_deduction, LEAST(0, COALESCE(-least, points)) AS points
      FROM moving_entries
      WHERE takes
      UNION ALL
      SELECT store, ends_at, is_deduction, -LEAST(0, COALESCE(-least, points))
      FROM moving_entries
      WHERE takes AND ends_at > starts_at
    ) turns
    WINDOW until_here AS (PARTITION BY store ORDER BY instant ROWS UNBOUNDED PRECEDING)
  ) summed
  JOIN stores USING (store)
  WHERE summed.total <= stores.reach_total OR -summed.deducted >= stores.reach_deducted
  UNION
  SELECT store FROM shut
  UNION
  SELECT store FROM stores WHERE reach_total >= 0 OR reach_deducted <= 0
),

open_levels AS MATERIALIZED (
  SELECT
    asked.store, asked.library, asked.instant, asked.days, asked.observation,
    COALESCE(sum(moving.points), 0) AS total,
    COALESCE(sum(moving.points) FILTER (WHERE moving.is_deduction), 0) AS deducted,
    COALESCE(sum(moving.leeway), 0) AS leeway
  FROM asked
  LEFT JOIN moving
    ON moving.store = asked.store AND moving.starts_at <= asked.instant
    AND (moving.ends_at IS NULL OR moving.ends_at > asked.instant)
  WHERE asked.store NOT IN (SELECT store FROM suspects)
  GROUP BY asked.store, asked.library, asked.instant, asked.days, asked.observation
)
