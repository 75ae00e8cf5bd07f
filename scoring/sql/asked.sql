-- The moments asked about: some days, today being the first (0), and platform ratings: the newest
-- two (1, 2), by which drift is judged, and the one that makes the opening (0), where it is older
-- than those, and the opening not over by any of these moments.
asked_seen AS MATERIALIZED (
  SELECT store, library, observed_at AS instant, id AS observation, place
  FROM observations
  WHERE is_measured AND place <= 2
  UNION ALL
  SELECT opened.store, opened.library, opened.observed_at, opened.observation, 0
  FROM opened
  JOIN observations first ON first.store = opened.store AND first.id = opened.observation
  JOIN observations second
    ON second.store = opened.store AND second.is_measured AND second.place = 2
  CROSS JOIN asked_for
  WHERE first.place > 2
    AND (
      opened.ends_at IS NULL
      OR opened.ends_at > LEAST(second.observed_at, asked_for.at - interval '720 hours')
    )
),

asked AS NOT MATERIALIZED (
  SELECT
    store, library, (SELECT at FROM asked_for) - days * interval '24 hours' AS instant,
    days, NULL::uuid AS observation
  FROM stores
  CROSS JOIN unnest(%(days)s::int[]) AS days
  UNION ALL
  SELECT store, library, instant, NULL, observation
  FROM asked_seen
),

-- Stores that all the points they ever lost, had none ever come back, would have closed, and those
-- that the marketplace itself has closed. Most have never lost so many.
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
),

-- oldest: the first moment asked about; what occurred before dated_from and states no expiry is gone
-- by then. may_close: all that it ever had is looked at.
asking AS MATERIALIZED (
  SELECT
    stores.*, first_asked.oldest,
    COALESCE(first_asked.oldest - stores.longest, '-infinity') AS dated_from,
    closable.store IS NOT NULL AS may_close,
    first_seen.opened_at, first_seen.newest_at, first_seen.second_at
  FROM stores
  LEFT JOIN (
    SELECT
      store, min(instant) AS oldest,
      max(instant) FILTER (WHERE place = 0) AS opened_at,
      max(instant) FILTER (WHERE place = 1) AS newest_at,
      max(instant) FILTER (WHERE place = 2) AS second_at
    FROM asked_seen
    GROUP BY store
  ) first_seen USING (store)
  LEFT JOIN closable USING (store)
  CROSS JOIN LATERAL (
    SELECT LEAST(
      first_seen.oldest,
      (SELECT min(asked_for.at - days * interval '24 hours')
       FROM asked_for CROSS JOIN unnest(%(days)s::int[]) AS days)
    ) AS oldest
  ) first_asked
)
