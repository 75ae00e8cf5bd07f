SELECT answers.*, sparks.spark
FROM answers
JOIN stores ON stores.id = answers.store_id
JOIN (
  SELECT
    store,
    jsonb_agg(COALESCE(rating, points_deducted) ORDER BY instant) AS spark
  FROM measured
  WHERE days IS NOT NULL
  GROUP BY store
) sparks USING (store)
