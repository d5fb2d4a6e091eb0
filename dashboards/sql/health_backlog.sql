SELECT count() AS without_finding
FROM incidents_current AS i LEFT JOIN findings_current AS f ON f.incident = i.id
WHERE $__timeFilter_ms(i.started_at) AND i.status != 'merged' AND f.incident = ''
