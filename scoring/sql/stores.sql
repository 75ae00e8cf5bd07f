-- The stores asked about, and what the marketplaces themselves showed of them.

-- Numbered, because small numbers sort and hash faster than ids.
stores AS MATERIALIZED (
  SELECT
    row_number() OVER (ORDER BY kept.id)::int AS store, kept.id,
    libraries.library, libraries.reach_total, libraries.reach_deducted
  FROM stores_store kept
  LEFT JOIN libraries USING (marketplace, market, seller_type)
  WHERE %(stores)s::uuid[] IS NULL OR kept.id = ANY (%(stores)s::uuid[])
),

-- The first platform rating at which its measure is defined makes the opening.
opened AS MATERIALIZED (
  SELECT
    stores.store, seen.id AS observation, seen.value, seen.measure, seen.observed_at,
    LEAST(seen.observed_at + expiries.lasts, expiries.ends_at, expiries.wiped_at) AS ends_at
  FROM stores
  CROSS JOIN asked_for
  CROSS JOIN LATERAL (
    SELECT kept.*
    FROM scoring_platformrating kept
    JOIN books
      ON books.library = stores.library
      AND kept.observed_at >= books.since AND kept.observed_at < books.until
    WHERE kept.store_id = stores.id AND kept.withdrawn_at IS NULL
      AND kept.recorded_at <= asked_for.known_at AND kept.observed_at <= asked_for.at
      AND (kept.measure <> 'rating' OR books.start IS NOT NULL)
    ORDER BY kept.observed_at, kept.id
    LIMIT 1
  ) seen
  JOIN expiries
    ON expiries.library = stores.library
    AND seen.observed_at >= expiries.since AND seen.observed_at < expiries.until
),

newest_seen AS MATERIALIZED (
  SELECT stores.store, seen.id AS observation, seen.value, seen.measure, seen.observed_at
  FROM stores
  CROSS JOIN asked_for
  CROSS JOIN LATERAL (
    SELECT kept.*
    FROM scoring_platformrating kept
    WHERE kept.store_id = stores.id AND kept.withdrawn_at IS NULL
      AND kept.recorded_at <= asked_for.known_at AND kept.observed_at <= asked_for.at
    ORDER BY kept.observed_at DESC, kept.id DESC
    LIMIT 1
  ) seen
),

-- The marketplace's own closings.
shut AS MATERIALIZED (
  SELECT stores.store, kept.starts_at, kept.ends_at
  FROM stores_enforcement kept
  JOIN stores ON stores.id = kept.store_id
  CROSS JOIN asked_for
  WHERE kept.kind = 'closed' AND kept.recorded_at <= asked_for.known_at
    AND kept.starts_at <= asked_for.at
    AND (kept.ends_at IS NULL OR kept.starts_at < kept.ends_at)
)
