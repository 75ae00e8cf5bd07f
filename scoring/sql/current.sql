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

-- Each store's moments side by side: now, its newest two platform ratings, and the opening's.
moments_asked AS (
  SELECT
    store, id, library, min(instant) AS oldest,
    max(instant) FILTER (WHERE place = 0) AS now,
    max(instant) FILTER (WHERE place = 1) AS newest,
    max(instant) FILTER (WHERE place = 2) AS second,
    max(instant) FILTER (WHERE place = 3) AS opening
  FROM asked
  WHERE store NOT IN (SELECT store FROM suspects)
  GROUP BY store, id, library
),

-- What the books date weighs, at a moment, if it occurred in one of a few spans of time: within
-- [since, until), not later than the moment, and later than a moment that lies as long back as it
-- lasts. The spans of a store's moments overlap, and lie in [first, last] together. …_first: where
-- one moment's own begins; null: what it holds has ended by then. fixed_at: when that is at the
-- latest. Kept as rows, since what is read below is compared with them row by row.
windows AS MATERIALIZED (
  SELECT
    moments_asked.*, expiries.lasts, fixed.at AS fixed_at,
    GREATEST(expiries.since, oldest - lasting.time) AS first,
    LEAST(now, expiries.until - interval '1 microsecond') AS last,
    CASE WHEN COALESCE(fixed.at > now, true)
      THEN COALESCE(now - lasting.time, '-infinity') END AS now_first,
    CASE WHEN COALESCE(fixed.at > newest, true)
      THEN COALESCE(newest - lasting.time, '-infinity') END AS newest_first,
    CASE WHEN COALESCE(fixed.at > second, true)
      THEN COALESCE(second - lasting.time, '-infinity') END AS second_first,
    CASE WHEN COALESCE(fixed.at > opening, true)
      THEN COALESCE(opening - lasting.time, '-infinity') END AS opening_first
  FROM moments_asked
  JOIN expiries
    ON expiries.library = moments_asked.library AND expiries.since <= moments_asked.now
  CROSS JOIN LATERAL (SELECT LEAST(expiries.ends_at, expiries.wiped_at) AS at) fixed
  CROSS JOIN LATERAL (SELECT expiries.lasts - interval '1 microsecond' AS time) lasting
  WHERE COALESCE(fixed.at > moments_asked.oldest, true)
),

-- The ledger knows of each entry, and of each reversal, by which moment the books date it; what is
-- read here stands in its index, and is read once for all moments of a store.
dated AS MATERIALIZED (
  SELECT windows.*, summed.*
  FROM windows
  CROSS JOIN LATERAL (
    SELECT
      sum(points) FILTER (
        WHERE dated_at >= now_first AND occurred_at <= now
      )::int AS now_total,
      sum(points) FILTER (
        WHERE is_deduction
          AND dated_at >= now_first AND occurred_at <= now
      )::int AS now_deducted,
      sum(points) FILTER (
        WHERE dated_at >= newest_first AND occurred_at <= newest AND dated_at <= newest
      )::int AS newest_total,
      sum(points) FILTER (
        WHERE is_deduction
          AND dated_at >= newest_first AND occurred_at <= newest AND dated_at <= newest
      )::int AS newest_deducted,
      sum(points) FILTER (
        WHERE dated_at >= second_first AND occurred_at <= second AND dated_at <= second
      )::int AS second_total,
      sum(points) FILTER (
        WHERE is_deduction
          AND dated_at >= second_first AND occurred_at <= second AND dated_at <= second
      )::int AS second_deducted,
      sum(points) FILTER (
        WHERE dated_at >= opening_first AND occurred_at <= opening AND dated_at <= opening
      )::int AS opening_total,
      sum(points) FILTER (
        WHERE is_deduction
          AND dated_at >= opening_first AND occurred_at <= opening AND dated_at <= opening
      )::int AS opening_deducted
    FROM scoring_ledgerentry
    WHERE store_id = windows.id AND dated_at BETWEEN windows.first AND windows.last
      AND recorded_at <= (SELECT known_at FROM asked_for)
  ) summed
),

-- Stated ends, and points that nobody stated, come from the entries. Only what is said of now counts
-- the latter at their mildest.
told AS (
  SELECT
    asked.store, asked.place,
    sum(weights.points) FILTER (WHERE is_stated) AS total,
    sum(weights.points) FILTER (WHERE is_stated AND is_deduction) AS deducted,
    sum(leeway) FILTER (WHERE days IS NOT NULL) AS leeway
  FROM asked
  JOIN weights USING (store)
  WHERE (is_stated OR leeway IS NOT NULL) AND weights.starts_at <= asked.instant
    AND (weights.ends_at IS NULL OR weights.ends_at > asked.instant)
  GROUP BY asked.store, asked.place
),

open_levels AS MATERIALIZED (
  SELECT
    asked.store, asked.library, asked.instant, asked.days, asked.observation,
    COALESCE(CASE asked.place
      WHEN 0 THEN now_total WHEN 1 THEN newest_total WHEN 2 THEN second_total ELSE opening_total
    END, 0) + COALESCE(told.total, 0) AS total,
    COALESCE(CASE asked.place
      WHEN 0 THEN now_deducted WHEN 1 THEN newest_deducted WHEN 2 THEN second_deducted
      ELSE opening_deducted
    END, 0) + COALESCE(told.deducted, 0) AS deducted,
    COALESCE(told.leeway, 0) AS leeway
  FROM asked
  LEFT JOIN (
    SELECT
      store,
      sum(now_total) AS now_total, sum(now_deducted) AS now_deducted,
      sum(newest_total) AS newest_total, sum(newest_deducted) AS newest_deducted,
      sum(second_total) AS second_total, sum(second_deducted) AS second_deducted,
      sum(opening_total) AS opening_total, sum(opening_deducted) AS opening_deducted
    FROM dated
    GROUP BY store
  ) booked USING (store)
  LEFT JOIN told USING (store, place)
  WHERE asked.store NOT IN (SELECT store FROM suspects)
),

-- What weighs now and ends first: of what the books date, in each window, what is left of all that
-- ends with the first entry of which anything is left. Where points are left of a moment's entries
-- so is one of them; where none are, either all are given back, or they make up for one another.
-- What ends at a fixed moment ends with all of its window.
weighing AS (
  SELECT store, ends_at, is_deduction, left_now
  FROM entries
  WHERE starts_at <= (SELECT at FROM asked_for) AND ends_at > (SELECT at FROM asked_for)
    AND left_now <> 0
    AND (is_stated OR store IN (SELECT store FROM suspects))
  UNION ALL
  SELECT
    windows.store, ending.ends_at, false,
    CASE WHEN ending.ends_at = windows.fixed_at THEN windows.now_total ELSE first_left.points END
  FROM dated windows
  CROSS JOIN LATERAL (
    SELECT
      dated_at, COALESCE(sum(points) FILTER (WHERE occurred_at <= windows.now), 0) AS points
    FROM scoring_ledgerentry kept
    WHERE store_id = windows.id
      AND dated_at BETWEEN GREATEST(windows.first, windows.now_first) AND windows.last
      AND recorded_at <= (SELECT known_at FROM asked_for)
    GROUP BY dated_at
    HAVING sum(points) FILTER (WHERE occurred_at <= windows.now) <> 0 OR EXISTS (
      SELECT
      FROM scoring_ledgerentry entry
      WHERE entry.store_id = windows.id AND entry.dated_at = kept.dated_at
        AND entry.reverses_id IS NULL AND entry.recorded_at <= (SELECT known_at FROM asked_for)
        AND entry.points <> -COALESCE((
          SELECT sum(points)
          FROM scoring_ledgerentry back
          WHERE back.reverses_id = entry.id AND back.occurred_at <= windows.now
            AND back.recorded_at <= (SELECT known_at FROM asked_for)
        ), 0)
    )
    ORDER BY dated_at LIMIT 1
  ) first_left
  CROSS JOIN LATERAL (
    SELECT LEAST(first_left.dated_at + windows.lasts, windows.fixed_at) AS ends_at
  ) ending
  WHERE windows.now_first IS NOT NULL
    AND (windows.lasts IS NOT NULL OR windows.fixed_at IS NOT NULL)
)
