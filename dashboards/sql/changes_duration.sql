SELECT $__timeInterval_ms(started_at) AS time,
    quantileExact(0.5)(dateDiff('second', started_at, finished_at)) AS median,
    quantileExact(0.95)(dateDiff('second', started_at, finished_at)) AS p95
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms)
WHERE finished_at IS NOT NULL AND $__conditionalAll(hasAny(services, [${service:singlequote}]), $service)
GROUP BY time ORDER BY time
