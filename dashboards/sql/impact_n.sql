SELECT countIf(class_group = 'AI-assisted') AS ai_assisted
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms) WHERE apart = ''
