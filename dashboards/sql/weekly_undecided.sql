SELECT i.started_at AS started, i.id AS incident, i.title AS title, toString(i.severity) AS severity, toString(f.verdict) AS answer
FROM incidents_current AS i
LEFT JOIN findings_current AS f ON f.incident = i.id
LEFT JOIN (SELECT DISTINCT incident FROM verdicts_current) AS v ON v.incident = i.id
WHERE $__timeFilter_ms(i.started_at) AND i.status != 'merged' AND i.severity IN ('critical', 'high') AND v.incident = ''
ORDER BY started DESC LIMIT 50
