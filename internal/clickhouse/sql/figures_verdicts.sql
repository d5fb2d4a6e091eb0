-- Everything that people said about the incidents of a period, the oldest first.
SELECT DISTINCT toString(id) AS id, incident, finding_version, decision, change_source, change_id, reason, decided_by, decided_at
FROM verdicts
WHERE incident IN
(
    SELECT id FROM incidents
    WHERE started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
)
ORDER BY decided_at, id
