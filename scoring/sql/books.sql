-- The rulebooks as they count for this agency, from one parameter. Everything that the core reads
-- from a book arrives here as a row; no figure is known to these statements otherwise.

-- What is asked: the moment spoken of, and what was recorded by when.
asked_for AS (
  SELECT %(at)s::timestamptz AS at, %(known_at)s::timestamptz AS known_at
),

-- One library for each kind of store. A closing needs a sum of points as low as reach_total, or as
-- many points deducted as reach_deducted, in whichever book; null: no book closes by that measure.
-- longest: no entry weighs longer unless its notice says so; null: some may.
libraries AS MATERIALIZED (
  SELECT *
  FROM jsonb_to_recordset(%(books)s::jsonb -> 'libraries') AS told (
    library int, marketplace text, market text, seller_type text,
    reach_total int, reach_deducted int, longest interval
  )
),

-- In force [since, until).
books AS MATERIALIZED (
  SELECT *
  FROM jsonb_to_recordset(%(books)s::jsonb -> 'books') AS told (
    library int, book int, name text, since timestamptz, until timestamptz,
    start int, floor int, ceiling int, tolerance int, warning int,
    closes_at_rating int, closes_at_deducted int,
    order_points int, per_orders int, order_cap int, order_window interval
  )
),

bands AS MATERIALIZED (
  SELECT *
  FROM jsonb_to_recordset(%(books)s::jsonb -> 'bands') AS told (
    book int, code text, at int, below int, label text, label_zh text
  )
),

milestones AS MATERIALIZED (
  SELECT *
  FROM jsonb_to_recordset(%(books)s::jsonb -> 'milestones') AS told (
    book int, place int, code text, measure text, at int
  )
),

-- When an entry that occurs in [since, until) expires: after a time, at a moment, or never; and
-- when a newer book that carries nothing over wipes it.
expiries AS MATERIALIZED (
  SELECT *
  FROM jsonb_to_recordset(%(books)s::jsonb -> 'expiries') AS told (
    library int, since timestamptz, until timestamptz,
    lasts interval, ends_at timestamptz, wiped_at timestamptz
  )
)
