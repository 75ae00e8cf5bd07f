-- What closed stores keep beside what an open one would have.
kept AS (
  SELECT
    closed.store, closed.instant,
    sum(weights.points) AS points, COALESCE(sum(weights.leeway), 0) AS leeway
  FROM (
    SELECT DISTINCT running.store, running.instant, states.closed_since
    FROM running
    JOIN states
      ON states.store = running.store
      AND running.instant >= states.since AND running.instant < states.until
    WHERE states.closed_since IS NOT NULL
  ) closed
  JOIN weights
    ON weights.store = closed.store AND weights.ends_at IS NOT NULL
    AND weights.held_from > closed.closed_since
    AND GREATEST(weights.starts_at, weights.ends_at) <= closed.instant
  GROUP BY closed.store, closed.instant
),

levels AS MATERIALIZED (
  SELECT
    running.store, running.instant, running.days, running.observation, states.closed_since,
    running.total + COALESCE(kept.points, 0) AS total,
    running.deducted + COALESCE(kept.points, 0) AS deducted,
    running.leeway + COALESCE(kept.leeway, 0) AS leeway
  FROM running
  LEFT JOIN states
    ON states.store = running.store
    AND running.instant >= states.since AND running.instant < states.until
  LEFT JOIN kept ON kept.store = running.store AND kept.instant = running.instant
  WHERE running.days IS NOT NULL OR running.observation IS NOT NULL
)
