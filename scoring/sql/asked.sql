-- The moments asked about: some days, today being the first (0), and platform ratings: the newest
-- two, by which drift is judged, and the one that makes the opening, where that is not long over.
asked_seen AS MATERIALIZED (
  SELECT store, library, observed_at AS instant, id AS observation
  FROM (
    SELECT *, row_number() OVER (PARTITION BY store ORDER BY observed_at DESC, id DESC) AS place
    FROM observations
    WHERE is_measured
  ) placed
  WHERE place <= 2
  UNION
  SELECT opened.store, opened.library, opened.observed_at, opened.observation
  FROM opened
  CROSS JOIN asked_for
  WHERE opened.ends_at IS NULL OR opened.ends_at > asked_for.at - interval '720 hours'
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

-- oldest: the first moment asked about. may_close: all that takes points is looked at, however old.
asking AS MATERIALIZED (
  SELECT
    stores.*,
    LEAST(
      first_seen.oldest,
      (SELECT min(asked_for.at - days * interval '24 hours')
       FROM asked_for CROSS JOIN unnest(%(days)s::int[]) AS days)
    ) AS oldest,
    closable.store IS NOT NULL AS may_close
  FROM stores
  LEFT JOIN (
    SELECT store, min(instant) AS oldest FROM asked_seen GROUP BY store
  ) first_seen USING (store)
  LEFT JOIN closable USING (store)
)
