SELECT countIf(class_group = 'unknown') / nullIf(count(), 0) AS unknown
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms) WHERE apart = ''
