-- One service as last described, or as the end of a call.
SELECT
    name,
    argMaxIf(t.tier, t.observed_at, t.tier > 0) AS tier,
    toString(argMaxIf(t.team, t.observed_at, t.team != '')) AS team,
    toString(argMaxIf(t.environment, t.observed_at, t.environment != '')) AS environment,
    toString(argMaxIf(t.lifecycle, t.observed_at, t.lifecycle != '')) AS lifecycle,
    max(t.observed_at) AS seen
FROM
(
    SELECT name, tier, team, environment, lifecycle, observed_at FROM topology_services WHERE name = {name:String}
    UNION ALL
    SELECT {name:String}, toUInt8(0), '', '', '', observed_at FROM topology_edges WHERE caller = {name:String} OR callee = {name:String}
) AS t
GROUP BY name
