-- The calls that a source saw in a window. Two sources may see the same call:
-- the busier sight counts.
SELECT caller, callee, kind, max(rate) AS calls_per_second, max(seen_by) AS seen
FROM
(
    SELECT
        e.caller AS caller,
        e.callee AS callee,
        e.kind AS kind,
        e.source AS source,
        argMax(e.calls_per_second, e.observed_at) AS rate,
        max(e.observed_at) AS seen_by
    FROM topology_edges AS e
    WHERE e.day <= toDate(fromUnixTimestamp64Milli({as_of:Int64}, 'UTC'))
        AND e.observed_at > fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    GROUP BY caller, callee, kind, source
)
GROUP BY caller, callee, kind
ORDER BY caller, callee, kind
