-- The verifying sweep: the sums at every instant at which any changes, by running over all of them.

-- The last 30 days, today being the first, and every platform rating.
asked AS (
  SELECT
    stores.store, asked_for.at - days * interval '24 hours' AS instant,
    days, NULL::uuid AS observation
  FROM stores
  CROSS JOIN asked_for
  CROSS JOIN generate_series(0, %(days)s::int - 1) AS days
  UNION ALL
  SELECT stores.store, seen.observed_at, NULL, seen.id
  FROM scoring_platformrating seen
  JOIN stores ON stores.id = seen.store_id
  CROSS JOIN asked_for
  WHERE seen.withdrawn_at IS NULL AND seen.recorded_at <= asked_for.known_at
    AND seen.observed_at <= asked_for.at
),

-- What comes and what goes; questions change nothing.
changes AS (
  SELECT
    store, starts_at AS instant, is_deduction, points, leeway,
    NULL::int AS days, NULL::uuid AS observation
  FROM weights
  WHERE starts_at <= (SELECT at FROM asked_for) AND (ends_at IS NULL OR starts_at < ends_at)
  UNION ALL
  SELECT store, ends_at, is_deduction, -points, -leeway, NULL, NULL
  FROM weights
  WHERE ends_at <= (SELECT at FROM asked_for) AND starts_at < ends_at
  UNION ALL
  SELECT store, instant, NULL, NULL, NULL, days, observation
  FROM asked
),

-- The sums of open stores at the end of each instant, where they are asked for or may close.
running AS MATERIALIZED (
  SELECT *
  FROM (
    SELECT
      store, instant, days, observation,
      COALESCE(sum(points) OVER until_here, 0) AS total,
      COALESCE(sum(points) FILTER (WHERE is_deduction) OVER until_here, 0) AS deducted,
      COALESCE(sum(leeway) OVER until_here, 0) AS leeway
    FROM changes
    WINDOW until_here AS (PARTITION BY store ORDER BY instant)
  ) summed
  WHERE days IS NOT NULL OR observation IS NOT NULL
    OR total + leeway <= (SELECT max(reach_total) FROM libraries)
    OR -(deducted + leeway) >= (SELECT min(reach_deducted) FROM libraries)
),

suspects AS MATERIALIZED (
  SELECT running.store
  FROM running
  JOIN stores USING (store)
  WHERE running.total + running.leeway <= stores.reach_total
    OR -(running.deducted + running.leeway) >= stores.reach_deducted
  UNION
  SELECT store FROM shut
  UNION
  SELECT store FROM stores WHERE reach_total >= 0 OR reach_deducted <= 0
)
