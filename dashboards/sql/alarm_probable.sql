SELECT count() AS value
FROM incidents_current AS i INNER JOIN findings_current AS f ON f.incident = i.id
WHERE i.status = 'open' AND i.severity IN ('critical', 'high') AND f.verdict = 'probable' LIMIT 1
