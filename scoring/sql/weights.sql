-- What weighs in a store's sum, from when until when.
--
-- An open store: a weight counts in [starts_at, ends_at). A store closed since c keeps deductions
-- whose end has come after that: one counts, too, if held_from > c. held_from is the moment from
-- which it is there only because the store is closed: its end, or its start where that is later.
-- A reversal is a weight of its own that ends, and is held, with its entry.

given_back AS (
  SELECT
    reverses_id AS entry,
    array_agg(occurred_at ORDER BY occurred_at, id) AS instants,
    array_agg(points ORDER BY occurred_at, id) AS points,
    sum(points) FILTER (WHERE occurred_at <= (SELECT at FROM asked_for)) AS by_now
  FROM scoring_ledgerentry
  WHERE kind = 'reversal' AND recorded_at <= (SELECT known_at FROM asked_for)
  GROUP BY reverses_id
),

-- least: of an estimate, the points that are certain. is_late: still there when the first moment
-- asked about comes. takes: may bring its store nearer to a closing.
dated AS NOT MATERIALIZED (
  SELECT
    asking.store, kept.points, kept.occurred_at AS starts_at, expiry.ends_at, sorted.is_deduction,
    CASE WHEN sorted.is_deduction THEN GREATEST(kept.occurred_at, expiry.ends_at) END AS held_from,
    CASE WHEN kept.estimate_high IS NOT NULL THEN kept.estimate_low END AS least,
    given_back.instants AS back_at, given_back.points AS back,
    kept.points + COALESCE(given_back.by_now, 0) AS left_now,
    expiry.ends_at IS NULL OR expiry.ends_at > asking.oldest AS is_late,
    asking.may_close AND (sorted.is_deduction OR kept.points < 0) AS takes
  FROM scoring_ledgerentry kept
  JOIN asking ON asking.id = kept.store_id
  LEFT JOIN given_back ON given_back.entry = kept.id
  LEFT JOIN expiries
    ON expiries.library = asking.library
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
  CROSS JOIN LATERAL (
    SELECT kept.kind = 'deduction' OR kept.counts_as = 'deduction' AS is_deduction
  ) sorted
  WHERE kept.kind <> 'reversal' AND kept.recorded_at <= (SELECT known_at FROM asked_for)
),

-- leeway: by how much points that nobody stated may be milder than their middle; null elsewhere.
-- left_now: what is left of an entry by now; null for its reversals.
weights AS NOT MATERIALIZED (
  SELECT
    store, starts_at, ends_at, held_from, is_deduction, points,
    CASE WHEN least IS NOT NULL AND points <> 0 THEN -least - points END AS leeway,
    left_now, is_late, takes
  FROM dated
  UNION ALL
  SELECT
    store, reversed.starts_at, ends_at, held_from, is_deduction, reversed.points,
    -- What is left of an estimate at its mildest is given back from below, and nothing is left of
    -- one taken back whole. The leeway moves from what it was before this reversal.
    CASE WHEN least IS NOT NULL THEN (
      SELECT
        CASE WHEN dated.points + taken = 0 THEN 0 ELSE LEAST(0, taken - least) END
        - CASE
            WHEN dated.points + taken = reversed.points THEN 0
            ELSE LEAST(0, taken - reversed.points - least)
          END
        - reversed.points
      FROM (SELECT sum(points) AS taken FROM unnest(back[:reversed.place]) AS points) so_far
    ) END,
    NULL, is_late, takes
  FROM dated
  CROSS JOIN LATERAL unnest(back_at, back) WITH ORDINALITY AS reversed (starts_at, points, place)
  WHERE back_at IS NOT NULL
)
