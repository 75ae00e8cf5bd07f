-- Stores that a rule of their books or the marketplace itself may have closed.
closable AS MATERIALIZED (
  SELECT store FROM stores WHERE reach_total IS NOT NULL OR reach_deducted IS NOT NULL
  UNION
  SELECT store FROM shut
)
