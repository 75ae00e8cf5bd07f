-- The answers, from the sums at the moments asked about.

-- What stood there before we knew the store: as much as the marketplace's number was off then.
opening AS MATERIALIZED (
  SELECT
    opened.store, opened.observed_at, opened.ends_at,
    CASE
      WHEN opened.measure = 'rating'
        THEN opened.value - (books.start + here.total + $order_points)
      ELSE GREATEST(0, -here.deducted) - opened.value
    END AS points
  FROM opened
  JOIN levels here USING (store, observation)
  JOIN books
    ON books.library = here.library
    AND here.instant >= books.since AND here.instant < books.until
),

-- sure_…: with points that nobody stated at their mildest, as milestones count them.
measured AS MATERIALIZED (
  SELECT
    here.store, here.instant, here.days, here.observation, here.closed_since, books.book,
    books.start + here.total + before_us.points + ordered.points AS raw,
    LEAST(books.ceiling, GREATEST(
      books.floor, books.start + here.total + before_us.points + ordered.points
    )) AS rating,
    CASE WHEN books.book IS NOT NULL
      THEN GREATEST(0, -(here.deducted + LEAST(0, before_us.points))) END AS points_deducted,
    LEAST(books.ceiling, GREATEST(
      books.floor,
      books.start + here.total + here.leeway + before_us.points + ordered.points
    )) AS sure_rating,
    GREATEST(
      0, -(here.deducted + here.leeway + LEAST(0, before_us.points))
    ) AS sure_deducted
  FROM levels here
  LEFT JOIN books
    ON books.library = here.library
    AND here.instant >= books.since AND here.instant < books.until
  LEFT JOIN opening
    ON opening.store = here.store AND opening.observed_at <= here.instant
    AND (
      opening.ends_at IS NULL OR opening.ends_at > here.instant
      OR opening.points < 0 AND opening.ends_at > here.closed_since
    )
  CROSS JOIN LATERAL (SELECT COALESCE(opening.points, 0) AS points) before_us
  CROSS JOIN LATERAL (SELECT $order_points AS points) ordered
),

now_measured AS MATERIALIZED (SELECT * FROM measured WHERE days = 0),

-- The ratings of the days asked about, oldest first; points deducted where there is no rating.
past AS (
  SELECT
    store,
    max(value) FILTER (WHERE days = 1) AS day_ago,
    max(value) FILTER (WHERE days = 7) AS week_ago,
    to_jsonb(array_agg(value ORDER BY days DESC)) AS spark
  FROM measured
  CROSS JOIN LATERAL (SELECT COALESCE(rating, points_deducted) AS value) shown
  WHERE days IS NOT NULL
  GROUP BY store
),

-- The marketplace's numbers against ours, newest first; a closed store is not judged. was_off: the
-- one before differed as well.
judged AS (
  SELECT
    measured.store, measured.observation, seen.observed_at, seen.tolerance,
    seen.value - ours.value AS drift,
    row_number() OVER newest_first AS place,
    lead(abs(seen.value - ours.value) > seen.tolerance) OVER newest_first AS was_off
  FROM measured
  JOIN observations seen ON seen.store = measured.store AND seen.id = measured.observation
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN seen.measure = 'rating' THEN measured.rating ELSE measured.points_deducted
    END AS value
  ) ours
  WHERE measured.observation IS NOT NULL AND measured.closed_since IS NULL
    AND ours.value IS NOT NULL
  WINDOW newest_first AS (
    PARTITION BY measured.store ORDER BY seen.observed_at DESC, seen.id DESC
  )
),

drifts AS (
  SELECT
    newest.store, newest.drift, newest.tolerance,
    abs(newest.drift) > newest.tolerance AND (
      COALESCE(newest.was_off, false)
      OR asked_for.at - newest.observed_at >= interval '24 hours'
    ) AS is_alert
  FROM judged newest
  JOIN newest_seen ON newest_seen.store = newest.store AND newest_seen.id = newest.observation
  JOIN now_measured ON now_measured.store = newest.store AND now_measured.closed_since IS NULL
  CROSS JOIN asked_for
  WHERE newest.place = 1
),

nearest AS (
  SELECT DISTINCT ON (now_measured.store)
    now_measured.store, milestones.code, milestones.measure, milestones.at, away.distance
  FROM now_measured
  JOIN milestones USING (book)
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN milestones.measure = 'rating' THEN now_measured.sure_rating - milestones.at
      ELSE milestones.at - now_measured.sure_deducted
    END AS distance
  ) away
  WHERE away.distance > 0
  ORDER BY now_measured.store, away.distance, milestones.place
),

-- What weighs now and will leave by time alone; a closed store's deductions do not.
leaving AS MATERIALIZED (
  SELECT weighing.store, weighing.ends_at, weighing.left_now AS points
  FROM weighing
  WHERE NOT weighing.is_deduction
    OR weighing.store NOT IN (SELECT store FROM now_measured WHERE closed_since IS NOT NULL)
  UNION ALL
  SELECT opening.store, opening.ends_at, opening.points
  FROM opening
  JOIN now_measured USING (store)
  WHERE opening.ends_at > (SELECT at FROM asked_for) AND opening.points <> 0
    AND (now_measured.closed_since IS NULL OR opening.points > 0)
),

next_expiries AS (
  SELECT DISTINCT ON (store) store, ends_at, -sum(points) AS points
  FROM leaving
  GROUP BY store, ends_at
  ORDER BY store, ends_at
),

-- Violations in force of which neither notice nor book tells the points.
incomplete AS (
  SELECT DISTINCT stores.store
  FROM scoring_pointsunknown kept
  JOIN stores ON stores.id = kept.store_id
  CROSS JOIN asked_for
  LEFT JOIN expiries
    ON expiries.library = stores.library
    AND kept.occurred_at >= expiries.since AND kept.occurred_at < expiries.until
  WHERE kept.recorded_at <= asked_for.known_at AND kept.occurred_at <= asked_for.at
    AND (kept.settled_at IS NULL OR kept.settled_at > asked_for.known_at)
    AND COALESCE(
      LEAST(
        COALESCE(kept.expires_at, kept.occurred_at + expiries.lasts, expiries.ends_at),
        expiries.wiped_at
      ),
      'infinity'
    ) > asked_for.at
),

-- When mail last reached the store, a notice or a test; the other channel is what is reported of it.
mailed AS (
  SELECT stores.store, max(kept.at) AS at
  FROM (
    SELECT store_id, received_at AS at FROM stores_notice
    WHERE channel = 'mail' AND trust <> 'suspicious' AND reason <> 'other_store'
    UNION ALL
    SELECT store_id, came_at FROM stores_mailtest WHERE came_at IS NOT NULL
  ) kept
  JOIN stores ON stores.id = kept.store_id
  CROSS JOIN asked_for
  WHERE kept.at <= LEAST(asked_for.at, asked_for.known_at)
  GROUP BY stores.store
),

answers AS (
  SELECT
    stores.id AS store_id,
    here.rating, here.raw, here.points_deducted,
    COALESCE(
      CASE WHEN here.closed_since IS NOT NULL THEN 'closed' END, bands.code, 'unknown'
    ) AS band,
    COALESCE(bands.label, '') AS label,
    COALESCE(bands.label_zh, '') AS label_zh,
    CASE
      WHEN newest_seen.store IS NULL THEN 'unknown'
      WHEN asked_for.at - GREATEST(newest_seen.observed_at, mailed.at) >= interval '48 hours'
        THEN 'stale'
      WHEN incomplete.store IS NOT NULL THEN 'incomplete'
      WHEN abs(drifts.drift) <= drifts.tolerance
        AND asked_for.at - newest_seen.observed_at < interval '168 hours' THEN 'confirmed'
      ELSE 'computed'
    END AS standing,
    COALESCE(books.name, '') AS rulebook,
    here.closed_since,
    past.day_ago, past.week_ago, past.spark,
    newest_seen.value AS platform_value,
    COALESCE(newest_seen.measure, '') AS platform_measure,
    newest_seen.observed_at AS platform_at,
    drifts.drift, COALESCE(drifts.is_alert, false) AS is_drift_alert,
    COALESCE(nearest.code, '') AS milestone,
    COALESCE(nearest.measure, '') AS milestone_measure,
    nearest.at AS milestone_at, nearest.distance AS milestone_distance,
    COALESCE(nearest.distance <= books.warning, false) AS is_near_milestone,
    next_expiries.ends_at AS next_expiry_at, next_expiries.points AS next_expiry_points,
    CASE WHEN opening.ends_at IS NULL OR opening.ends_at > asked_for.at
      OR opening.points < 0 AND opening.ends_at > here.closed_since
      THEN opening.points END AS opening_points
  FROM stores
  CROSS JOIN asked_for
  JOIN now_measured here USING (store)
  LEFT JOIN past USING (store)
  LEFT JOIN books USING (book)
  LEFT JOIN newest_seen USING (store)
  LEFT JOIN opening USING (store)
  LEFT JOIN drifts USING (store)
  LEFT JOIN nearest USING (store)
  LEFT JOIN next_expiries USING (store)
  LEFT JOIN incomplete USING (store)
  LEFT JOIN mailed USING (store)
  LEFT JOIN bands
    ON bands.book = here.book
    AND CASE
      WHEN here.closed_since IS NOT NULL THEN bands.code = 'closed'
      ELSE newest_seen.store IS NOT NULL
        AND bands.at <= COALESCE(here.rating, here.points_deducted)
        AND (bands.below IS NULL OR bands.below > COALESCE(here.rating, here.points_deducted))
    END
)
