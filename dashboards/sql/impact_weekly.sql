WITH 1.959963984540054 AS z
SELECT toStartOfWeek(started_at, 1, 'UTC') AS week, toDateTime(week, 'UTC') AS time, class_group AS provenance,
    countIf(confirmed) / count() AS rate
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms)
WHERE apart = ''
GROUP BY week, provenance ORDER BY time
