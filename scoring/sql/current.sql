-- The current answers: what weighs at the few moments that they speak of, added up.

-- Stores that what weighed at one time would have closed, had none of it been given back; since
-- then they may have been.
suspects AS MATERIALIZED (
  SELECT store, min(instant) AS since
  FROM (
    SELECT summed.store, summed.instant
    FROM (
      SELECT
        store, instant,
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
    SELECT store, starts_at FROM shut
    UNION ALL
    SELECT store, '-infinity' FROM stores WHERE reach_total >= 0 OR reach_deducted <= 0
  ) found
  GROUP BY store  -- not UNION, by which the planner would expect all stores here
),

-- What the books date weighs, at a moment, if it occurred in one of a few spans of time, [first,
-- last]: within [since, until), not later than the moment, and later than a moment that lies as long
-- back as it lasts. fixed_at: when what the span holds ends at the latest.
windows AS NOT MATERIALIZED (
  SELECT
    asked.*, expiries.lasts,
    GREATEST(
      expiries.since, asked.instant - expiries.lasts + interval '1 microsecond'
    ) AS first,
    LEAST(asked.instant, expiries.until - interval '1 microsecond') AS last,
    LEAST(expiries.ends_at, expiries.wiped_at) AS fixed_at
  FROM asked
  LEFT JOIN expiries
    ON expiries.library = asked.library AND expiries.since <= asked.instant
    AND COALESCE(LEAST(expiries.ends_at, expiries.wiped_at) > asked.instant, true)
),

-- The ledger knows of each entry, and of each reversal, by which moment the books date it; what is
-- read here stands in its index. Stated ends, and points that nobody stated, come from the entries.
-- Only what is said of now counts the latter at their mildest.
open_levels AS MATERIALIZED (
  SELECT
    store, library, instant, days, observation,
    COALESCE(sum(total), 0) AS total,
    COALESCE(sum(deducted), 0) AS deducted,
    COALESCE(sum(leeway) FILTER (WHERE days IS NOT NULL), 0) AS leeway
  FROM (
    SELECT store, library, instant, days, observation, dated.total, dated.deducted, 0 AS leeway
    FROM windows
    CROSS JOIN LATERAL (
      SELECT sum(points) AS total, sum(points) FILTER (WHERE is_deduction) AS deducted
      FROM scoring_ledgerentry
      WHERE store_id = windows.id AND dated_at BETWEEN windows.first AND windows.last
        AND occurred_at <= windows.instant
        AND recorded_at <= (SELECT known_at FROM asked_for)
    ) dated
    UNION ALL
    SELECT
      asked.store, asked.library, asked.instant, asked.days, asked.observation,
      weights.points * is_stated::int, weights.points * (is_stated AND is_deduction)::int, leeway
    FROM asked
    JOIN weights USING (store)
    WHERE (is_stated OR leeway IS NOT NULL) AND weights.starts_at <= asked.instant
      AND (weights.ends_at IS NULL OR weights.ends_at > asked.instant)
  ) weighing_then
  WHERE store NOT IN (SELECT store FROM suspects)
  GROUP BY store, library, instant, days, observation
),

-- What weighs now and ends first: of what the books date, in each window, what is left of all that
-- ends with the first entry of which anything is left.
weighing AS (
  SELECT store, ends_at, is_deduction, left_now
  FROM entries
  WHERE starts_at <= (SELECT at FROM asked_for) AND ends_at > (SELECT at FROM asked_for)
    AND left_now <> 0
    AND (is_stated OR store IN (SELECT store FROM suspects))
  UNION ALL
  SELECT first_ending.store, first_ending.ends_at, false, ending.left_now
  FROM (
    SELECT
      windows.*, kept.dated_at,
      LEAST(kept.dated_at + windows.lasts, windows.fixed_at) AS ends_at
    FROM windows
    CROSS JOIN LATERAL (
      SELECT dated_at
      FROM scoring_ledgerentry kept
      WHERE store_id = windows.id AND dated_at BETWEEN windows.first AND windows.last
        AND reverses_id IS NULL AND recorded_at <= (SELECT known_at FROM asked_for)
        AND points <> -COALESCE((
          SELECT sum(points)
          FROM scoring_ledgerentry back
          WHERE back.reverses_id = kept.id AND back.occurred_at <= windows.instant
            AND back.recorded_at <= (SELECT known_at FROM asked_for)
        ), 0)
      ORDER BY dated_at LIMIT 1
    ) kept
    WHERE windows.days = 0 AND windows.store NOT IN (SELECT store FROM suspects)
      AND (windows.lasts IS NOT NULL OR windows.fixed_at IS NOT NULL)
  ) first_ending
  CROSS JOIN LATERAL (
    SELECT sum(points) AS left_now
    FROM scoring_ledgerentry
    WHERE store_id = first_ending.id AND dated_at >= first_ending.dated_at
      AND dated_at <= CASE
        WHEN first_ending.ends_at = first_ending.fixed_at THEN first_ending.last
        ELSE first_ending.dated_at
      END
      AND occurred_at <= first_ending.instant
      AND recorded_at <= (SELECT known_at FROM asked_for)
  ) ending
)
