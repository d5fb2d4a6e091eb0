SELECT countIf(standing IN ('unjudged', 'rejected')) / nullIf(count(), 0) AS unlinked
FROM incident_standings(since = $__fromTime_ms, until = $__toTime_ms)
