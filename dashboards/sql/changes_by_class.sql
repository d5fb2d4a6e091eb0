SELECT $__timeInterval_ms(started_at) AS time, class_group AS provenance, count() AS changes
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms)
WHERE $__conditionalAll(hasAny(services, [${service:singlequote}]), $service)
GROUP BY time, provenance ORDER BY time
