-- The incidents of which a row was stored after a moment, the longest known
-- first, each with its newest revision and finding.
SELECT incident, max(revision) AS revision, max(version) AS version, max(stored_at) AS at
FROM
(
    SELECT id AS incident, revision, toUInt32(0) AS version, stored_at FROM incidents
    UNION ALL
    SELECT incident, toUInt64(0) AS revision, version, stored_at FROM findings
)
WHERE incident IN (
    SELECT id FROM incidents WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
    UNION DISTINCT
    SELECT incident FROM findings WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
)
GROUP BY incident
ORDER BY at, incident
LIMIT {limit:UInt32}
