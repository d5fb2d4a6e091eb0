SELECT toString(service) AS service, countIf(severity IN ('critical', 'high')) AS urgent, countIf(severity NOT IN ('critical', 'high')) AS others
FROM alerts_current
WHERE $__timeFilter_ms(started_at) AND $__conditionalAll(service IN (${service:singlequote}), $service)
GROUP BY service ORDER BY urgent + others DESC LIMIT 20
