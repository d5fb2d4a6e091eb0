-- How far the incidents that were stored since a moment have come.
SELECT incident, max(revision) AS revision, max(version) AS version
FROM
(
    SELECT id AS incident, revision, toUInt32(0) AS version FROM incidents
    WHERE stored_at >= fromUnixTimestamp64Milli({since:Int64})
    UNION ALL
    SELECT incident, toUInt64(0) AS revision, version FROM findings
    WHERE stored_at >= fromUnixTimestamp64Milli({since:Int64})
)
GROUP BY incident
