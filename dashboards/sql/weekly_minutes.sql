SELECT toDateTime(toStartOfWeek(started_at, 1, 'UTC'), 'UTC') AS time,
    sum(dateDiff('second', started_at, ifNull(resolved_at, now64(3)))) / 60 AS incident_minutes
FROM incidents_current WHERE $__timeFilter_ms(started_at) AND status != 'merged'
GROUP BY time ORDER BY time
