SELECT countIf(status = 'in_progress') AS running
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms)
WHERE $__conditionalAll(hasAny(services, [${service:singlequote}]), $service)
