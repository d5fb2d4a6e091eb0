SELECT id AS value, concat(formatDateTime(started_at, '%m-%d %H:%i'), ' ', title) AS label
FROM incidents_current
WHERE $__timeFilter_ms(started_at) AND status != 'merged'
ORDER BY started_at DESC LIMIT 500
