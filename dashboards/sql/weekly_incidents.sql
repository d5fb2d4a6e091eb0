SELECT toDateTime(toStartOfWeek(started_at, 1, 'UTC'), 'UTC') AS time, toString(severity) AS severity, count() AS incidents
FROM incidents_current WHERE $__timeFilter_ms(started_at) AND status != 'merged'
GROUP BY time, severity ORDER BY time
