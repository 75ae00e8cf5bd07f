-- The stores asked about, and what the marketplaces themselves showed of them.

-- Numbered, because small numbers sort and hash faster than ids.
stores AS MATERIALIZED (
  SELECT
    row_number() OVER (ORDER BY kept.id)::int AS store, kept.id,
    libraries.library, libraries.reach_total, libraries.reach_deducted, libraries.longest
  FROM stores_store kept
  LEFT JOIN libraries USING (marketplace, market, seller_type)
  WHERE %(stores)s::uuid[] IS NULL OR kept.id = ANY (%(stores)s::uuid[])
),

-- The marketplace's own closings.
shut AS MATERIALIZED (
  SELECT stores.store, kept.starts_at, kept.ends_at
  FROM scoring_toldenforcement kept
  JOIN stores ON stores.id = kept.store_id
  CROSS JOIN asked_for
  WHERE kept.kind = 'closed' AND kept.recorded_at <= asked_for.known_at
    AND (kept.withdrawn_at IS NULL OR kept.withdrawn_at > asked_for.known_at)
    AND kept.starts_at <= asked_for.at
    AND (kept.ends_at IS NULL OR kept.starts_at < kept.ends_at)
),

-- Stores that all the points they ever lost, had none ever come back, would have closed, and those
-- that the marketplace itself has closed. Most have never lost so many.
closable AS MATERIALIZED (
  SELECT stores.store
  FROM stores
  LEFT JOIN (
    SELECT store_id, sum(points) AS points
    FROM scoring_ledgerentry
    WHERE points < 0 AND reverses_id IS NULL
      AND recorded_at <= (SELECT known_at FROM asked_for)
    GROUP BY store_id
  ) lost ON lost.store_id = stores.id
  WHERE COALESCE(lost.points, 0) <= stores.reach_total
    OR -COALESCE(lost.points, 0) >= stores.reach_deducted
  UNION
  SELECT store FROM shut
),

-- Platform ratings as they were known.
known_ratings AS NOT MATERIALIZED (
  SELECT store_id, id, value, measure, observed_at
  FROM scoring_platformrating
  WHERE observed_at <= (SELECT at FROM asked_for)
    AND recorded_at <= (SELECT known_at FROM asked_for)
    AND (withdrawn_at IS NULL OR withdrawn_at > (SELECT known_at FROM asked_for))
),

-- The newest platform rating, whatever it measures.
newest_seen AS MATERIALIZED (
  SELECT stores.store, newest.*
  FROM stores
  CROSS JOIN LATERAL (
    SELECT * FROM known_ratings
    WHERE store_id = stores.id
    ORDER BY observed_at DESC, id DESC LIMIT 1
  ) newest
),

-- Of those whose book of the time knows what they measure, from the newest (place 1) on: two, and
-- all of stores that may have been closed.
observations AS MATERIALIZED (
  SELECT *, row_number() OVER (PARTITION BY store ORDER BY observed_at DESC, id DESC) AS place
  FROM (
    SELECT stores.store, stores.id AS store_id, stores.library, books.tolerance, seen.*
    FROM stores
    JOIN books USING (library)
    LEFT JOIN closable USING (store)
    CROSS JOIN LATERAL (
      SELECT id, value, measure, observed_at FROM known_ratings
      WHERE store_id = stores.id AND observed_at >= books.since AND observed_at < books.until
        AND (measure <> 'rating' OR books.start IS NOT NULL)
      ORDER BY observed_at DESC, id DESC LIMIT CASE WHEN closable.store IS NULL THEN 2 END
    ) seen
  ) picked
),

-- The first of them makes the opening, which weighs until ends_at.
opened AS MATERIALIZED (
  SELECT
    seen.*, LEAST(seen.observed_at + expiries.lasts, expiries.ends_at, expiries.wiped_at) AS ends_at
  FROM (
    SELECT DISTINCT ON (stores.store)
      stores.store, stores.id AS store_id, stores.library,
      seen.id AS observation, seen.value, seen.measure, seen.observed_at
    FROM stores
    JOIN books USING (library)
    CROSS JOIN LATERAL (
      SELECT id, value, measure, observed_at FROM known_ratings
      WHERE store_id = stores.id AND observed_at >= books.since AND observed_at < books.until
        AND (measure <> 'rating' OR books.start IS NOT NULL)
      ORDER BY observed_at, id LIMIT 1
    ) seen
    ORDER BY stores.store, books.since
  ) seen
  JOIN expiries
    ON expiries.library = seen.library
    AND seen.observed_at >= expiries.since AND seen.observed_at < expiries.until
)
