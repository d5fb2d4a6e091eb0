-- The incidents of which a row was stored after a moment, the longest known
-- first, each with its newest revision and finding and how often it was judged.
SELECT incident, max(revision) AS revision, max(version) AS version, uniqExactIf(verdict, verdict != '') AS verdicts, max(stored_at) AS at
FROM
(
    SELECT id AS incident, revision, toUInt32(0) AS version, '' AS verdict, stored_at FROM incidents
    UNION ALL
    SELECT incident, toUInt64(0) AS revision, version, '' AS verdict, stored_at FROM findings
    UNION ALL
    SELECT incident, toUInt64(0) AS revision, toUInt32(0) AS version, toString(id) AS verdict, stored_at FROM verdicts
)
WHERE incident IN (
    SELECT id FROM incidents WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
    UNION DISTINCT
    SELECT incident FROM findings WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
    UNION DISTINCT
    SELECT incident FROM verdicts WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
)
GROUP BY incident
ORDER BY at, incident
LIMIT {limit:UInt32}
