-- What weighs in a store's sum, from when until when.
--
-- An open store: a weight counts in [starts_at, ends_at). A store closed since c keeps deductions
-- whose end has come after that: one counts, too, if held_from > c. held_from is the moment from
-- which it is there only because the store is closed: its end, or its start where that is later.
-- A reversal is a weight of its own that ends, and is held, with its entry.
-- leeway: by how much points that nobody stated may be milder than their middle; null elsewhere.

weights AS NOT MATERIALIZED (
  SELECT
    store, starts_at, ends_at, held_from, is_deduction, points,
    CASE WHEN least IS NOT NULL AND points <> 0 THEN -least - points END AS leeway,
    is_stated, may_close
  FROM entries
  UNION ALL
  SELECT
    of.store, reversed.starts_at, of.ends_at, of.held_from, of.is_deduction, reversed.points,
    -- What is left of an estimate at its mildest is given back from below, and nothing is left of
    -- one taken back whole. The leeway moves from what it was before this reversal.
    CASE WHEN least IS NOT NULL THEN (
      SELECT
        CASE WHEN of.points + taken = 0 THEN 0 ELSE LEAST(0, taken - least) END
        - CASE
            WHEN of.points + taken = reversed.points THEN 0
            ELSE LEAST(0, taken - reversed.points - least)
          END
        - reversed.points
      FROM (
        SELECT sum(earlier.points)::int AS taken
        FROM unnest(of.back_at, of.back) WITH ORDINALITY AS earlier (starts_at, points, place)
        WHERE (earlier.starts_at, earlier.place) <= (reversed.starts_at, reversed.place)
      ) so_far
    ) END,
    of.is_stated, of.may_close
  FROM entries of
  CROSS JOIN LATERAL unnest(back_at, back) WITH ORDINALITY AS reversed (starts_at, points, place)
  WHERE back_at IS NOT NULL
)
