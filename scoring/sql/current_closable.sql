-- Stores that all the points they ever lost, had none ever come back, would have closed, and those
-- that the marketplace itself has. Most have never lost so many.
closable AS MATERIALIZED (
  SELECT stores.store
  FROM stores
  LEFT JOIN (
    SELECT store_id, sum(points) AS points
    FROM scoring_ledgerentry
    WHERE points < 0 AND kind <> 'reversal'
      AND recorded_at <= (SELECT known_at FROM asked_for)
    GROUP BY store_id
  ) lost ON lost.store_id = stores.id
  WHERE COALESCE(lost.points, 0) <= stores.reach_total
    OR -COALESCE(lost.points, 0) >= stores.reach_deducted
  UNION
  SELECT store FROM shut
)
