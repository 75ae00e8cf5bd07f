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

changes AS (
  SELECT
    weights.store, turn.instant, NULL::int AS days, NULL::uuid AS observation, false AS is_asked,
    turn.sign * weights.points AS points,
    CASE WHEN weights.is_deduction THEN turn.sign * weights.points ELSE 0 END AS deducted,
    turn.sign * weights.mild AS mild,
    CASE WHEN weights.is_deduction THEN turn.sign * weights.mild ELSE 0 END AS mild_deducted
  FROM weights
  CROSS JOIN asked_for
  CROSS JOIN LATERAL (
    VALUES (weights.starts_at, 1), (weights.ends_at, -1)
  ) AS turn (instant, sign)
  WHERE (weights.ends_at IS NULL OR weights.starts_at < weights.ends_at)
    AND turn.instant <= asked_for.at
  UNION ALL
  SELECT store, instant, days, observation, true, 0, 0, 0, 0
  FROM asked
),

-- The sums of open stores at the end of each instant, where they were asked for or may close.
running AS MATERIALIZED (
  SELECT summed.*, may_close
  FROM (
    SELECT
      store, instant, days, observation, is_asked,
      sum(points) OVER until_here AS total,
      sum(deducted) OVER until_here AS deducted,
      sum(mild) OVER until_here AS mild_total,
      sum(mild_deducted) OVER until_here AS mild_deducted
    FROM changes
    WINDOW until_here AS (PARTITION BY store ORDER BY instant)
  ) summed
  JOIN stores USING (store)
  CROSS JOIN LATERAL (
    SELECT COALESCE(
      summed.mild_total <= stores.reach_total OR -summed.mild_deducted >= stores.reach_deducted,
      false
    ) AS may_close
  ) bounded
  WHERE summed.is_asked OR may_close
),

suspects AS MATERIALIZED (
  SELECT store FROM running WHERE may_close
  UNION
  SELECT store FROM shut
  UNION
  SELECT store FROM stores WHERE reach_total >= 0 OR reach_deducted <= 0
)
