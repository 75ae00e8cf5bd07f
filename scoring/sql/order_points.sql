CASE WHEN books.per_orders IS NOT NULL THEN (
  SELECT LEAST(books.order_cap, books.order_points * (count(*) / books.per_orders))
  FROM stores_order done
  WHERE done.store_id = stores.id AND done.seen_at <= asked_for.known_at
    AND done.completed_at > here.instant - books.order_window
    AND done.completed_at <= here.instant
) ELSE 0 END
