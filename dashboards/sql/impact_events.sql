SELECT countIf(confirmed) AS confirmed
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms) WHERE apart = ''
