-- The services that a source named in a window, each as last described. A graph
-- of the past has the resolution of a day.
SELECT
    s.name AS name,
    argMaxIf(s.tier, s.observed_at, s.tier > 0) AS tier,
    argMaxIf(s.team, s.observed_at, s.team != '') AS team,
    argMaxIf(s.environment, s.observed_at, s.environment != '') AS environment,
    argMaxIf(s.lifecycle, s.observed_at, s.lifecycle != '') AS lifecycle,
    max(s.observed_at) AS seen
FROM topology_services AS s
WHERE s.day <= toDate(fromUnixTimestamp64Milli({as_of:Int64}, 'UTC'))
    AND s.observed_at > fromUnixTimestamp64Milli({since:Int64}, 'UTC')
GROUP BY name
ORDER BY name
