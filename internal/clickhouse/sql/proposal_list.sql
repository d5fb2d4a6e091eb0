-- Every word about the proposals on an incident, the oldest first.
SELECT DISTINCT toString(id) AS id, incident, word, said_at, said_by, finding_version, decision, change_source, change_id, reason, verdict
FROM proposals
WHERE incident = {incident:String}
ORDER BY said_at, id, word
