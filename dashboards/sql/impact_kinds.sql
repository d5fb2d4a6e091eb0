SELECT toString(kind) AS kind, countIf(class_group = 'AI-assisted') AS ai_assisted, countIf(class_group = 'human') AS human,
    countIf(class_group = 'unknown') AS unknown, countIf(class_group = 'automation') AS automation
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms)
WHERE apart = ''
GROUP BY kind ORDER BY count() DESC LIMIT 20
