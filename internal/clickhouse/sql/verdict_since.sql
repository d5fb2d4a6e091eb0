-- The verdicts that were stored after a moment, in the order in which they were
-- stored, each with that moment.
SELECT toString(id) AS id, incident, finding_version, decision, change_source, change_id, reason, decided_by, decided_at,
    min(stored_at) AS stored
FROM verdicts
WHERE stored_at > fromUnixTimestamp64Milli({after:Int64})
GROUP BY id, incident, finding_version, decision, change_source, change_id, reason, decided_by, decided_at
ORDER BY stored, id
LIMIT {limit:UInt32}
