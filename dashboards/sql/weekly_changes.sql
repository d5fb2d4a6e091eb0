SELECT toDateTime(toStartOfWeek(started_at, 1, 'UTC'), 'UTC') AS time, class_group AS provenance, count() AS changes
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms)
GROUP BY time, provenance ORDER BY time
