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

-- Platform ratings. is_measured: the book of the time knows what they measure; those that it does,
-- and those that it does not, have a place from the newest (1) to the first (of as many as count).
observations AS MATERIALIZED (
  SELECT *, row_number() OVER newest_first AS place, count(*) OVER kin AS count
  FROM (
    SELECT
      stores.store, stores.library, kept.id, kept.value, kept.measure, kept.observed_at,
      books.tolerance,
      books.book IS NOT NULL AND (kept.measure <> 'rating' OR books.start IS NOT NULL)
        AS is_measured
    FROM scoring_platformrating kept
    JOIN stores ON stores.id = kept.store_id
    CROSS JOIN asked_for
    LEFT JOIN books
      ON books.library = stores.library
      AND kept.observed_at >= books.since AND kept.observed_at < books.until
    WHERE kept.recorded_at <= asked_for.known_at
      AND (kept.withdrawn_at IS NULL OR kept.withdrawn_at > asked_for.known_at)
      AND kept.observed_at <= asked_for.at
  ) seen
  WINDOW
    newest_first AS (PARTITION BY store, is_measured ORDER BY observed_at DESC, id DESC),
    kin AS (PARTITION BY store, is_measured)
),

newest_seen AS MATERIALIZED (
  SELECT DISTINCT ON (store) *
  FROM observations
  WHERE place = 1
  ORDER BY store, observed_at DESC, id DESC
),

-- The first one that is measured makes the opening, which weighs until ends_at.
opened AS MATERIALIZED (
  SELECT
    seen.store, seen.library, seen.id AS observation, seen.value, seen.measure, seen.observed_at,
    LEAST(seen.observed_at + expiries.lasts, expiries.ends_at, expiries.wiped_at) AS ends_at
  FROM observations seen
  JOIN expiries
    ON expiries.library = seen.library
    AND seen.observed_at >= expiries.since AND seen.observed_at < expiries.until
  WHERE seen.is_measured AND seen.place = seen.count
)
