SELECT i.started_at AS started, i.id AS incident, i.title AS title, toString(i.severity) AS severity, toString(i.status) AS status,
    arrayStringConcat(i.services, ', ') AS services, toString(f.verdict) AS answer,
    s.change_id AS first_suspect, s.probability AS probability, f.no_change_probability AS no_change,
    toString(v.decision) AS people_say, dateDiff('second', i.started_at, ifNull(i.resolved_at, now64(3))) / 60 AS minutes
FROM incidents_current AS i
LEFT JOIN findings_current AS f ON f.incident = i.id
LEFT JOIN (SELECT incident, change_id, probability FROM suspects_current WHERE rank = 1) AS s ON s.incident = i.id
LEFT JOIN (SELECT incident, argMax(decision, decided_at) AS decision FROM verdicts_current GROUP BY incident) AS v ON v.incident = i.id
WHERE $__timeFilter_ms(i.started_at) AND i.status != 'merged'
    AND $__conditionalAll(i.severity IN (${severity:singlequote}), $severity)
    AND $__conditionalAll(hasAny(i.services, [${service:singlequote}]), $service)
ORDER BY started DESC LIMIT 200
