SELECT quantileExactIf(0.5)(dateDiff('second', started_at, resolved_at), resolved_at IS NOT NULL) / 60 AS median_minutes
FROM incidents_current
WHERE $__timeFilter_ms(started_at) AND status != 'merged' AND $__conditionalAll(hasAny(services, [${service:singlequote}]), $service)
