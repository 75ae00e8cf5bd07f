-- The verifying sweep: the sums at every instant, by running over all that comes and goes.
changes AS (
  SELECT
    store, starts_at AS instant, false AS is_asked, is_deduction, points, leeway,
    NULL::int AS library, NULL::int AS days, NULL::uuid AS observation
  FROM weights
  WHERE starts_at <= (SELECT at FROM asked_for) AND (ends_at IS NULL OR starts_at < ends_at)
  UNION ALL
  SELECT store, ends_at, false, is_deduction, -points, -leeway, NULL, NULL, NULL
  FROM weights
  WHERE ends_at <= (SELECT at FROM asked_for) AND starts_at < ends_at
  UNION ALL
  SELECT store, instant, true, NULL, NULL, NULL, library, days, observation
  FROM asked
),

-- The sums of open stores where they are asked for, which is at the end of the instant, and where
-- they are so low that a store may close.
running AS MATERIALIZED (
  SELECT *
  FROM (
    SELECT
      store, instant, is_asked, library, days, observation,
      COALESCE(sum(points) OVER until_here, 0) AS total,
      COALESCE(sum(points) FILTER (WHERE is_deduction) OVER until_here, 0) AS deducted,
      COALESCE(sum(leeway) OVER until_here, 0) AS leeway
    FROM changes
    WINDOW until_here AS (
      PARTITION BY store ORDER BY instant, is_asked ROWS UNBOUNDED PRECEDING
    )
  ) summed
  WHERE is_asked
    OR total + leeway <= (SELECT max(reach_total) FROM libraries)
    OR -(deducted + leeway) >= (SELECT min(reach_deducted) FROM libraries)
),

-- Stores that a sum so low may have closed, and since when.
suspects AS MATERIALIZED (
  SELECT store, min(instant) AS since
  FROM (
    SELECT running.store, running.instant
    FROM running
    JOIN asking USING (store)
    WHERE NOT running.is_asked AND asking.may_close
      AND (
        running.total + running.leeway <= asking.reach_total
        OR -(running.deducted + running.leeway) >= asking.reach_deducted
      )
    UNION ALL
    SELECT store, starts_at FROM shut
    UNION ALL
    SELECT store, '-infinity' FROM stores WHERE reach_total >= 0 OR reach_deducted <= 0
  ) found
  GROUP BY store  -- not UNION, by which the planner would expect all stores here
),

open_levels AS (
  SELECT store, library, instant, days, observation, total, deducted, leeway
  FROM running
  WHERE is_asked AND store NOT IN (SELECT store FROM suspects)
),

-- Entries that weigh now and will end, with what is left of them.
weighing AS (
  SELECT store, ends_at, is_deduction, left_now
  FROM entries
  WHERE starts_at <= (SELECT at FROM asked_for) AND ends_at > (SELECT at FROM asked_for)
    AND left_now <> 0
)
