-- The current answers: what weighs at the few moments that they speak of, added up.

-- Stores that what weighed at one time would have closed, had none of it been given back.
suspects AS MATERIALIZED (
  SELECT store
  FROM (
    SELECT summed.store
    FROM (
      SELECT
        store,
        sum(points) OVER until_here AS total,
        sum(points) FILTER (WHERE is_deduction) OVER until_here AS deducted
      FROM (
        SELECT store, starts_at AS instant, is_deduction, COALESCE(-least, points) AS points
        FROM entries
        WHERE may_close AND points < 0
        UNION ALL
        SELECT store, ends_at, is_deduction, COALESCE(least, -points)
        FROM entries
        WHERE may_close AND points < 0 AND ends_at > starts_at
      ) turns
      WINDOW until_here AS (PARTITION BY store ORDER BY instant ROWS UNBOUNDED PRECEDING)
    ) summed
    JOIN stores USING (store)
    WHERE summed.total <= stores.reach_total OR -summed.deducted >= stores.reach_deducted
    UNION ALL
    SELECT store FROM shut
    UNION ALL
    SELECT store FROM stores WHERE reach_total >= 0 OR reach_deducted <= 0
  ) found
  GROUP BY store  -- not UNION, by which the planner would expect all stores here
),

-- All that weighs is gone through once, and counted at each of the moments at which it does.
sums AS (
  SELECT
    weights.store,
    sum(points) FILTER (WHERE is_now) AS now_total,
    sum(points) FILTER (WHERE is_now AND is_deduction) AS now_deducted,
    sum(leeway) FILTER (WHERE is_now) AS now_leeway,
    sum(points) FILTER (WHERE is_opened) AS opened_total,
    sum(points) FILTER (WHERE is_opened AND is_deduction) AS opened_deducted,
    sum(points) FILTER (WHERE is_newest) AS newest_total,
    sum(points) FILTER (WHERE is_newest AND is_deduction) AS newest_deducted,
    sum(points) FILTER (WHERE is_second) AS second_total,
    sum(points) FILTER (WHERE is_second AND is_deduction) AS second_deducted
  FROM weights
  CROSS JOIN LATERAL (
    SELECT
      starts_at <= (SELECT at FROM asked_for)
        AND COALESCE(weights.ends_at > (SELECT at FROM asked_for), true) AS is_now,
      starts_at <= opened_at AND COALESCE(weights.ends_at > opened_at, true) AS is_opened,
      starts_at <= newest_at AND COALESCE(weights.ends_at > newest_at, true) AS is_newest,
      starts_at <= second_at AND COALESCE(weights.ends_at > second_at, true) AS is_second
  ) weighing_at
  GROUP BY weights.store
),

-- Only what is said of now counts points that nobody stated at their mildest.
open_levels AS MATERIALIZED (
  SELECT
    asked.store, asked.library, asked.instant, asked.days, asked.observation,
    COALESCE(
      CASE asked.place
        WHEN 0 THEN opened_total WHEN 1 THEN newest_total WHEN 2 THEN second_total ELSE now_total
      END, 0
    ) AS total,
    COALESCE(
      CASE asked.place
        WHEN 0 THEN opened_deducted WHEN 1 THEN newest_deducted WHEN 2 THEN second_deducted
        ELSE now_deducted
      END, 0
    ) AS deducted,
    CASE WHEN asked.place IS NULL THEN COALESCE(now_leeway, 0) ELSE 0 END AS leeway
  FROM (
    SELECT store, library, (SELECT at FROM asked_for) AS instant, 0 AS days,
      NULL::uuid AS observation, NULL::bigint AS place
    FROM stores
    UNION ALL
    SELECT store, library, instant, NULL, observation, place
    FROM asked_seen
  ) asked
  LEFT JOIN sums USING (store)
  WHERE asked.store NOT IN (SELECT store FROM suspects)
)
