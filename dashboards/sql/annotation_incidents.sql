SELECT started_at AS time, ifNull(resolved_at, now64(3)) AS timeEnd,
    concat('Incident ', id, ': ', title) AS text, severity AS tags
FROM incidents_current
WHERE started_at <= $__toTime_ms AND ifNull(resolved_at, now64(3)) >= $__fromTime_ms AND status != 'merged'
ORDER BY started_at DESC LIMIT 200
