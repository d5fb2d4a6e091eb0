SELECT o.started_at AS started, o.id AS change, toString(o.source) AS source, toString(o.kind) AS kind, o.title AS title,
    arrayStringConcat(o.services, ', ') AS services, o.class AS provenance, toString(o.status) AS status, o.tier AS tier,
    if(o.confirmed, 'confirmed', if(o.suspected, 'suspected', '')) AS incident
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms) AS o
WHERE $__conditionalAll(hasAny(o.services, [${service:singlequote}]), $service)
ORDER BY started DESC LIMIT 500
