SELECT count(DISTINCT v.incident) / nullIf(count(DISTINCT i.id), 0) AS judged
FROM incidents_current AS i
LEFT JOIN verdicts_current AS v ON v.incident = i.id
WHERE $__timeFilter_ms(i.started_at) AND i.status != 'merged' AND $__conditionalAll(hasAny(i.services, [${service:singlequote}]), $service)
SETTINGS join_use_nulls = 1
