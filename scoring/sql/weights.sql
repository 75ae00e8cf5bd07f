-- What weighs in a store's sum, from when until when.
--
-- An open store: a weight counts in [starts_at, ends_at). A store closed since c keeps deductions
-- whose end has come after that: one counts, too, if held_from > c. held_from is the moment from
-- which it is there only because the store is closed: its end, or its start where that is later.
-- A reversal is a weight of its own that ends, and is held, with its entry.
-- leeway: by how much points that nobody stated may be milder than their middle; null elsewhere.
-- entries: how many entries with points left it adds, so that one taken back whole counts as none.

dated AS NOT MATERIALIZED (
  SELECT
    stores.store, kept.id, kept.points, kept.occurred_at AS starts_at, expiry.ends_at,
    kept.kind = 'deduction' OR kept.counts_as = 'deduction' AS is_deduction,
    CASE WHEN kept.estimate_high IS NOT NULL THEN kept.estimate_low END AS least
  FROM scoring_ledgerentry kept
  JOIN stores ON stores.id = kept.store_id
  LEFT JOIN expiries
    ON expiries.library = stores.library
    AND kept.occurred_at >= expiries.since AND kept.occurred_at < expiries.until
  CROSS JOIN LATERAL (
    SELECT LEAST(
      CASE
        WHEN kept.is_expiry_stated THEN kept.expires_at
        ELSE COALESCE(kept.occurred_at + expiries.lasts, expiries.ends_at)
      END,
      expiries.wiped_at
    ) AS ends_at
  ) expiry
  WHERE kept.kind <> 'reversal' AND kept.recorded_at <= (SELECT known_at FROM asked_for)
),

-- taken: what this and the earlier reversals of the entry have given back.
reversals AS (
  SELECT
    dated.store, dated.points AS of_points, dated.least, dated.starts_at AS of_start,
    dated.ends_at, dated.is_deduction, kept.occurred_at AS starts_at, kept.points,
    sum(kept.points) OVER (PARTITION BY dated.id ORDER BY kept.occurred_at, kept.id) AS taken
  FROM scoring_ledgerentry kept
  JOIN dated ON dated.id = kept.reverses_id
  WHERE kept.kind = 'reversal' AND kept.recorded_at <= (SELECT known_at FROM asked_for)
),

weights AS MATERIALIZED (
  SELECT
    store, starts_at, ends_at, is_deduction, points,
    CASE WHEN is_deduction THEN GREATEST(starts_at, ends_at) END AS held_from,
    CASE WHEN least IS NOT NULL AND points <> 0 THEN -least - points END AS leeway,
    CASE WHEN points <> 0 THEN 1 ELSE 0 END AS entries
  FROM dated
  UNION ALL
  SELECT
    store, starts_at, ends_at, is_deduction, points,
    CASE WHEN is_deduction THEN GREATEST(of_start, ends_at) END,
    -- What is left at its mildest is given back from below, and nothing of what is taken back
    -- whole. The leeway moves with that, from what it was before this reversal.
    CASE WHEN least IS NOT NULL THEN
      CASE WHEN of_points + taken = 0 THEN 0 ELSE LEAST(0, taken - least) END
      - CASE
          WHEN of_points + taken - points = 0 THEN 0 ELSE LEAST(0, taken - points - least)
        END
      - points
    END,
    CASE WHEN points <> 0 AND of_points + taken = 0 THEN -1 ELSE 0 END
  FROM reversals
)
