-- Every word about who commands some incidents, the oldest first.
SELECT DISTINCT toString(id) AS id, incident, commander, said_by, said_at
FROM incident_commands
WHERE has({incidents:Array(String)}, incident)
ORDER BY said_at, id
