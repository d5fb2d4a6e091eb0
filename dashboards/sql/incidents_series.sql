SELECT $__timeInterval_ms(started_at) AS time, toString(severity) AS severity, count() AS incidents
FROM incidents_current
WHERE $__timeFilter_ms(started_at) AND status != 'merged' AND $__conditionalAll(hasAny(services, [${service:singlequote}]), $service)
GROUP BY time, severity ORDER BY time
