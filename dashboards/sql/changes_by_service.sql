SELECT service, countIf(class_group = 'AI-assisted') AS ai_assisted, countIf(class_group = 'human') AS human,
    countIf(class_group = 'automation') AS automation, countIf(class_group = 'unknown') AS unknown
FROM (SELECT arrayJoin(services) AS service, class_group FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms))
WHERE $__conditionalAll(service IN (${service:singlequote}), $service)
GROUP BY service ORDER BY count() DESC LIMIT 20
