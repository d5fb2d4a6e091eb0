SELECT c.started_at AS started, c.id AS change, toString(c.source) AS source, toString(c.kind) AS kind, c.title AS title,
    arrayStringConcat(c.services, ', ') AS services, c.class AS provenance, toString(c.status) AS status
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms) AS c
WHERE hasAny(c.services, (SELECT services FROM incidents_current WHERE id = ${incident:singlequote}))
ORDER BY started DESC LIMIT 200
