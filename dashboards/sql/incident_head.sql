SELECT i.title AS title, toString(i.severity) AS severity, toString(i.status) AS status, i.started_at AS started, i.resolved_at AS resolved,
    i.alerts AS alerts, arrayStringConcat(i.services, ', ') AS services, toString(f.verdict) AS answer, f.no_change_probability AS no_change,
    f.version AS finding_version, i.id AS incident
FROM incidents_current AS i
LEFT JOIN findings_current AS f ON f.incident = i.id
WHERE i.id = ${incident:singlequote} LIMIT 1
