-- The incidents that began in a period, each with the outcome of its newest
-- finding. Merged ones are told too: what was said of them counts for the other.
SELECT
    i.id AS id, i.title AS title, i.severity AS severity, i.status AS status, i.merged_into AS merged_into,
    i.started_at AS started_at, i.resolved_at AS resolved_at, i.services AS services, i.alerts AS alerts,
    f.verdict AS verdict, f.no_change_probability AS no_change_probability, f.version AS version
FROM
(
    SELECT id, title, severity, status, merged_into, started_at, resolved_at, services, alerts
    FROM incidents
    WHERE environment IN ('', 'production')
    ORDER BY revision DESC, stored_at DESC
    LIMIT 1 BY id
) AS i
LEFT JOIN
(
    SELECT incident, max(v) AS version, argMax(word, v) AS verdict, argMax(none, v) AS no_change_probability
    FROM (SELECT incident, version AS v, verdict AS word, no_change_probability AS none FROM findings)
    GROUP BY incident
) AS f ON f.incident = i.id
WHERE i.started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND i.started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
ORDER BY started_at, id
