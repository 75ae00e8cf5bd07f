CASE WHEN books.per_orders IS NOT NULL THEN (
  SELECT LEAST(books.order_cap, books.order_points * (count(*) / books.per_orders))
  FROM stores_order done
  WHERE done.store_id = (SELECT id FROM stores WHERE stores.store = here.store)
    AND COALESCE(done.completion_seen_at, done.completed_at) <= (SELECT known_at FROM asked_for)
    AND done.completed_at > here.instant - books.order_window
    AND done.completed_at <= here.instant
) ELSE 0 END
