-- The moments asked about: some days, today being the first (0), and platform ratings: the newest
-- two, by which drift is judged, and the one that makes the opening, where it is older than those,
-- and the opening not over by any of these moments. place numbers what is asked about: days 0, the
-- newest two 1 and 2, the opening's own 3.
asked AS MATERIALIZED (
  SELECT
    store, id, library,
    (SELECT at FROM asked_for) - days * interval '24 hours' AS instant,
    days, NULL::uuid AS observation, 0 AS place
  FROM stores
  CROSS JOIN unnest(%(days)s::int[]) AS days
  UNION ALL
  SELECT store, store_id, library, observed_at, NULL, id, place
  FROM observations
  WHERE place <= 2
  UNION ALL
  SELECT
    opened.store, opened.store_id, opened.library, opened.observed_at, NULL, opened.observation, 3
  FROM opened
  JOIN observations second ON second.store = opened.store AND second.place = 2
  LEFT JOIN observations newest
    ON newest.store = opened.store AND newest.id = opened.observation AND newest.place <= 2
  CROSS JOIN asked_for
  WHERE newest.id IS NULL
    AND (
      opened.ends_at IS NULL
      OR opened.ends_at > LEAST(second.observed_at, asked_for.at - interval '720 hours')
    )
)
