-- Every verdict on these incidents, the oldest first.
SELECT DISTINCT toString(id) AS id, incident, finding_version, decision, change_source, change_id, reason, decided_by, decided_at
FROM verdicts
WHERE has({incidents:Array(String)}, incident)
ORDER BY decided_at, id
