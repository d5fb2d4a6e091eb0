-- The incidents of which a row was stored after a moment, the longest known
-- first, each with its newest revision and finding, how often it was judged, how
-- much was said about verdicts that agents propose, and how often about who
-- commands.
SELECT incident, max(revision) AS revision, max(version) AS version, uniqExactIf(verdict, verdict != '') AS verdicts,
    uniqExactIf(proposal, proposal != '') AS proposals, uniqExactIf(command, command != '') AS commands, max(stored_at) AS at
FROM
(
    SELECT id AS incident, revision, toUInt32(0) AS version, '' AS verdict, '' AS proposal, '' AS command, stored_at FROM incidents
    UNION ALL
    SELECT incident, toUInt64(0) AS revision, version, '' AS verdict, '' AS proposal, '' AS command, stored_at FROM findings
    UNION ALL
    SELECT incident, toUInt64(0) AS revision, toUInt32(0) AS version, toString(id) AS verdict, '' AS proposal, '' AS command, stored_at FROM verdicts
    UNION ALL
    SELECT incident, toUInt64(0) AS revision, toUInt32(0) AS version, '' AS verdict, concat(toString(id), word) AS proposal, '' AS command, stored_at FROM proposals
    UNION ALL
    SELECT incident, toUInt64(0) AS revision, toUInt32(0) AS version, '' AS verdict, '' AS proposal, toString(id) AS command, stored_at FROM incident_commands
)
WHERE incident IN (
    SELECT id FROM incidents WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
    UNION DISTINCT
    SELECT incident FROM findings WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
    UNION DISTINCT
    SELECT incident FROM verdicts WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
    UNION DISTINCT
    SELECT incident FROM proposals WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
    UNION DISTINCT
    SELECT incident FROM incident_commands WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
)
GROUP BY incident
ORDER BY at, incident
LIMIT {limit:UInt32}
