-- What weighs in a store's sum, from when until when.
--
-- An open store: a weight counts in [starts_at, ends_at). A store closed since c keeps deductions
-- whose end has come after that: one counts, too, if held_from > c. held_from is the moment from
-- which it is there only because the store is closed: its end, or its start where that is later.
-- A reversal is a weight of its own that ends, and is held, with its entry.
-- mild: what is certain of points that nobody stated; the same as points elsewhere.

entries AS (
  SELECT
    stores.store, kept.id, kept.points, dated.starts_at, dated.ends_at, sorted.is_deduction,
    CASE WHEN sorted.is_deduction THEN GREATEST(dated.starts_at, dated.ends_at) END AS held_from,
    CASE WHEN kept.estimate_high IS NOT NULL THEN kept.estimate_low END AS least
  FROM scoring_ledgerentry kept
  JOIN stores ON stores.id = kept.store_id
  CROSS JOIN asked_for
  LEFT JOIN expiries
    ON expiries.library = stores.library
    AND kept.occurred_at >= expiries.since AND kept.occurred_at < expiries.until
  CROSS JOIN LATERAL (
    SELECT
      kept.occurred_at AS starts_at,
      LEAST(
        CASE
          WHEN kept.is_expiry_stated THEN kept.expires_at
          ELSE COALESCE(kept.occurred_at + expiries.lasts, expiries.ends_at)
        END,
        expiries.wiped_at
      ) AS ends_at
  ) dated
  CROSS JOIN LATERAL (
    SELECT kept.kind = 'deduction' OR kept.counts_as = 'deduction' AS is_deduction
  ) sorted
  WHERE kept.kind <> 'reversal' AND kept.recorded_at <= asked_for.known_at
),

-- taken: what this and the earlier reversals of the entry have given back.
reversals AS (
  SELECT
    entries.store, entries.id AS entry, entries.points AS of_points, entries.least,
    entries.ends_at, entries.is_deduction, entries.held_from,
    kept.occurred_at AS starts_at, kept.points,
    sum(kept.points) OVER (
      PARTITION BY entries.id ORDER BY kept.occurred_at, kept.id
    ) AS taken
  FROM scoring_ledgerentry kept
  JOIN entries ON entries.id = kept.reverses_id
  CROSS JOIN asked_for
  WHERE kept.kind = 'reversal' AND kept.recorded_at <= asked_for.known_at
),

weights AS (
  SELECT
    store, starts_at, ends_at, held_from, is_deduction, points,
    CASE WHEN least IS NULL THEN points WHEN points = 0 THEN 0 ELSE -least END AS mild
  FROM entries
  UNION ALL
  SELECT
    store, starts_at, ends_at, held_from, is_deduction, points,
    CASE
      WHEN least IS NULL THEN points
      -- An entry taken back whole leaves nothing; else its mildest points, given back from below.
      ELSE CASE WHEN of_points + taken = 0 THEN 0 ELSE LEAST(0, taken - least) END
        - CASE
            WHEN of_points + taken - points = 0 THEN 0 ELSE LEAST(0, taken - points - least)
          END
    END
  FROM reversals
)
