-- The clock that dates rows.
SELECT now64(3, 'UTC')
