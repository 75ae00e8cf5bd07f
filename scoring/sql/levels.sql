-- The sums at the moments asked about. Those of suspects are added up by what weighed, now that it
-- is known when they were closed; of them all platform ratings are asked, since drift is judged by
-- the newest two that were seen while the store was open.
suspect_levels AS MATERIALIZED (
  SELECT
    questions.store, questions.library, questions.instant, questions.days, questions.observation,
    states.closed_since,
    COALESCE(sum(weighed.points), 0) AS total,
    COALESCE(sum(weighed.points) FILTER (WHERE weighed.is_deduction), 0) AS deducted,
    COALESCE(sum(weighed.leeway), 0) AS leeway
  FROM (
    SELECT store, library, instant, days, observation
    FROM asked
    WHERE days IS NOT NULL AND (store IN (SELECT store FROM suspects)) IS TRUE
    UNION ALL
    SELECT store, library, observed_at, NULL, id
    FROM observations
    WHERE (store IN (SELECT store FROM suspects)) IS TRUE
  ) questions
  JOIN states
    ON states.store = questions.store
    AND questions.instant >= states.since AND questions.instant < states.until
  LEFT JOIN suspect_weights weighed
    ON weighed.store = questions.store
    AND weighed.starts_at <= questions.instant
    AND (
      weighed.ends_at IS NULL OR weighed.ends_at > questions.instant
      OR weighed.held_from > states.closed_since
    )
  GROUP BY
    questions.store, questions.library, questions.instant, questions.days, questions.observation,
    states.closed_since
),

levels AS NOT MATERIALIZED (
  SELECT
    store, library, instant, days, observation, NULL::timestamptz AS closed_since,
    total, deducted, leeway
  FROM open_levels
  UNION ALL
  SELECT
    store, library, instant, days, observation, closed_since, total, deducted, leeway
  FROM suspect_levels
)
