SELECT countIf(verdict = 'probable') / nullIf(count(), 0) AS probable
FROM incidents_current AS i
INNER JOIN findings_current AS f ON f.incident = i.id
WHERE $__timeFilter_ms(i.started_at) AND i.status != 'merged' AND $__conditionalAll(hasAny(i.services, [${service:singlequote}]), $service)
