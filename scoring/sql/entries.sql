-- The ledger's entries, each with its end and with all of its reversals.

-- oldest: the first moment asked about; what occurred before dated_from and states no expiry is gone
-- by then. may_close: all that it ever had is looked at.
asking AS MATERIALIZED (
  SELECT
    stores.*, first_asked.oldest, closable.store IS NOT NULL AS may_close,
    COALESCE(first_asked.oldest - stores.longest, '-infinity') AS dated_from
  FROM stores
  JOIN (SELECT store, min(instant) AS oldest FROM asked GROUP BY store) first_asked USING (store)
  LEFT JOIN closable USING (store)
),

given_back AS MATERIALIZED (
  SELECT
    reverses_id AS entry,
    array_agg(occurred_at) AS instants, array_agg(points) AS points,
    sum(points) FILTER (WHERE occurred_at <= (SELECT at FROM asked_for)) AS by_now
  FROM ledger
  WHERE kind = 'reversal' AND recorded_at <= (SELECT known_at FROM asked_for)
  GROUP BY reverses_id
),

-- What is still there when the first moment asked about comes, and all of stores that may have been
-- closed. least: of an estimate, the points that are certain.
entries AS MATERIALIZED (
  SELECT
    store, may_close, is_stated, points, starts_at, ends_at, is_deduction, least, back_at, back,
    CASE WHEN is_deduction THEN GREATEST(starts_at, ends_at) END AS held_from,
    points + COALESCE(by_now, 0) AS left_now
  FROM (
    SELECT
      asking.store, asking.may_close, asking.oldest, kept.is_expiry_stated AS is_stated,
      kept.points, kept.occurred_at AS starts_at,
      LEAST(
        CASE
          WHEN kept.is_expiry_stated THEN kept.expires_at
          ELSE COALESCE(kept.occurred_at + expiries.lasts, expiries.ends_at)
        END,
        expiries.wiped_at
      ) AS ends_at,
      kept.kind = 'deduction' OR kept.counts_as = 'deduction' AS is_deduction,
      CASE WHEN kept.estimate_high IS NOT NULL THEN kept.estimate_low END AS least,
      given_back.instants AS back_at, given_back.points AS back, given_back.by_now
    FROM ledger kept
    JOIN asking ON asking.id = kept.store_id
    LEFT JOIN given_back ON given_back.entry = kept.id
    LEFT JOIN expiries
      ON expiries.library = asking.library
      AND kept.occurred_at >= expiries.since AND kept.occurred_at < expiries.until
    WHERE kept.kind <> 'reversal' AND kept.recorded_at <= (SELECT known_at FROM asked_for)
      AND (asking.may_close OR kept.is_expiry_stated OR kept.occurred_at > asking.dated_from)
    OFFSET 0  -- so that the end is worked out once a row
  ) dated
  WHERE may_close OR ends_at IS NULL OR ends_at > oldest
)
