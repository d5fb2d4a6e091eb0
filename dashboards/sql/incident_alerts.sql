SELECT a.started_at AS started, a.resolved_at AS resolved, toString(a.service) AS service, toString(a.name) AS name, toString(a.severity) AS severity,
    toString(a.status) AS status, toString(a.region) AS region, a.summary AS summary
FROM incident_alerts AS ia
INNER JOIN alerts_current AS a ON a.fingerprint = ia.fingerprint AND a.started_at = ia.started_at
WHERE ia.incident = ${incident:singlequote}
ORDER BY started LIMIT 500
