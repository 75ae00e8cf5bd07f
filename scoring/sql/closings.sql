-- When stores were closed, for the suspects: the few of which a closing is possible at all.
--
-- Closings hang on their own past: what a closed store keeps may keep it closed. So this goes from
-- one closing to the next reopening to the next closing, for all suspects at once, and asks each
-- time what first ends the state that they are in.

suspect_weights AS MATERIALIZED (
  -- IS TRUE keeps this a look-up by row, for the planner expects many more suspects than there are.
  SELECT * FROM weights WHERE may_close AND (store IN (SELECT store FROM suspects)) IS TRUE
),

-- All that happens at suspects: points that come or go, books that take effect, orders that enter
-- or leave a rolling count, and the marketplace's own closings that begin (1) or end (-1).
happenings AS (
  SELECT
    store, starts_at AS instant, NULL::timestamptz AS held_from,
    points + COALESCE(leeway, 0) AS mild, is_deduction, 0 AS own
  FROM suspect_weights
  WHERE ends_at IS NULL OR starts_at < ends_at
  UNION ALL
  SELECT store, ends_at, NULL, -points - COALESCE(leeway, 0), is_deduction, 0
  FROM suspect_weights
  WHERE starts_at < ends_at
  UNION ALL
  SELECT
    store, GREATEST(starts_at, ends_at), held_from, points + COALESCE(leeway, 0), is_deduction, 0
  FROM suspect_weights
  WHERE is_deduction AND ends_at IS NOT NULL
  UNION ALL
  SELECT suspects.store, books.since, NULL, 0, false, 0
  FROM suspects
  JOIN stores USING (store)
  JOIN books USING (library)
  UNION ALL
  SELECT suspects.store, counted.instant, NULL, 0, false, 0
  FROM suspects
  JOIN stores USING (store)
  JOIN books ON books.library = stores.library AND books.per_orders IS NOT NULL
  JOIN stores_order done ON done.store_id = stores.id AND done.completed_at IS NOT NULL
  CROSS JOIN LATERAL (
    VALUES (done.completed_at), (done.completed_at + books.order_window)
  ) AS counted (instant)
  UNION ALL
  SELECT suspects.store, edge.instant, NULL, 0, false, edge.own
  FROM suspects
  JOIN shut USING (store)
  CROSS JOIN LATERAL (VALUES (shut.starts_at, 1), (shut.ends_at, -1)) AS edge (instant, own)
  WHERE edge.instant IS NOT NULL
),

-- Each instant with what stands at its end in an open store. An instant may have several rows,
-- which differ only in what a closed store keeps from then on.
moments AS MATERIALIZED (
  SELECT
    here.*,
    books.closes_at_rating, books.closes_at_deducted, books.start, books.floor, books.ceiling,
    COALESCE(
      books.closes_at_rating >= LEAST(
        books.ceiling, GREATEST(books.floor, books.start + here.total + ordered.points)
      ), false
    ) AS is_low,
    COALESCE(books.closes_at_deducted <= GREATEST(0, -here.deducted), false) AS is_many,
    ordered.points AS order_points
  FROM (
    SELECT
      store, instant, held_from, mild AS held,
      COALESCE(sum(mild) FILTER (WHERE held_from IS NULL) OVER until_here, 0) AS total,
      COALESCE(
        sum(mild) FILTER (WHERE held_from IS NULL AND is_deduction) OVER until_here, 0
      ) AS deducted,
      sum(own) OVER until_here > 0 AS is_shut,
      sum(own) OVER until_here - sum(own) OVER at_once > 0 AS was_shut
    FROM happenings
    WINDOW
      until_here AS (PARTITION BY store ORDER BY instant),
      at_once AS (PARTITION BY store, instant)
  ) here
  JOIN suspects ON suspects.store = here.store AND here.instant >= suspects.since
  JOIN stores ON stores.store = here.store
  CROSS JOIN asked_for
  LEFT JOIN books
    ON books.library = stores.library
    AND here.instant >= books.since AND here.instant < books.until
  CROSS JOIN LATERAL (
    SELECT $order_points AS points
  ) ordered
  WHERE here.instant <= asked_for.at
),

-- No state begins before the first moment at which anything could close the store.
turning AS MATERIALIZED (
  SELECT moments.*
  FROM moments
  JOIN (
    SELECT store, min(instant) AS first
    FROM moments
    WHERE is_low OR is_many OR is_shut
    GROUP BY store
  ) trouble ON trouble.store = moments.store AND moments.instant >= trouble.first
),

-- Each row is the state from instant on: closed since, or open (null). overruled_…: the condition
-- held as the marketplace itself reopened the store, and has held ever since; it closes nothing.
closings AS (
  SELECT
    store, '-infinity'::timestamptz AS instant, NULL::timestamptz AS closed_since,
    false AS overruled_low, false AS overruled_many
  FROM suspects
  UNION ALL
  SELECT
    store, instant,
    CASE
      WHEN closed_since IS NULL THEN instant
      WHEN NOT was_shut AND (is_low AND NOT stays_low OR is_many AND NOT stays_many) THEN instant
    END,
    CASE WHEN was_shut AND NOT is_shut THEN is_low ELSE stays_low END,
    CASE WHEN was_shut AND NOT is_shut THEN is_many ELSE stays_many END
  FROM (
    SELECT
      *,
      row_number() OVER (PARTITION BY store ORDER BY instant) AS place
    FROM (
      SELECT
        *,
        is_low AND was_low AS stays_low,
        is_many AND was_many AS stays_many
      FROM (
        SELECT
          *,
          overruled_low AND 0 = sum((NOT is_kept_low)::int) OVER until_here
            - sum((NOT is_kept_low)::int) OVER at_once AS was_low,
          overruled_many AND 0 = sum((NOT is_kept_many)::int) OVER until_here
            - sum((NOT is_kept_many)::int) OVER at_once AS was_many
        FROM (
          -- What holds in the state that the store is in: closed, with all that it keeps.
          SELECT
            *,
            COALESCE(
              closes_at_rating
                >= LEAST(ceiling, GREATEST(floor, start + total + kept + order_points)), false
            ) AS is_kept_low,
            COALESCE(closes_at_deducted <= GREATEST(0, -(deducted + kept)), false) AS is_kept_many
          FROM (
            SELECT
              turning.*, closings.closed_since, closings.overruled_low, closings.overruled_many,
              COALESCE(
                sum(turning.held) FILTER (WHERE turning.held_from > closings.closed_since) OVER (
                  PARTITION BY turning.store ORDER BY turning.instant
                ), 0
              ) AS kept
            FROM closings
            JOIN turning ON turning.store = closings.store AND turning.instant > closings.instant
          ) here
        ) levelled
        WINDOW
          until_here AS (PARTITION BY store ORDER BY instant),
          at_once AS (PARTITION BY store, instant)
      ) judged
    ) weighed
    WHERE
      CASE
        WHEN closed_since IS NULL
          THEN is_shut OR is_low AND NOT stays_low OR is_many AND NOT stays_many
        WHEN is_shut THEN false
        ELSE was_shut OR NOT (is_kept_low OR is_kept_many)
      END
  ) turned
  WHERE place = 1
),

-- The states as periods [since, until).
states AS MATERIALIZED (
  SELECT
    store, closed_since, instant AS since,
    lead(instant, 1, 'infinity') OVER (PARTITION BY store ORDER BY instant) AS until
  FROM closings
)
