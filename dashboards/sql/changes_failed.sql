SELECT countIf(status IN ('failed', 'rolled_back')) / nullIf(countIf(status NOT IN ('', 'in_progress')), 0) AS failed
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms)
WHERE $__conditionalAll(hasAny(services, [${service:singlequote}]), $service)
