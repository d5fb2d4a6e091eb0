-- The versions of an incident's finding, newest first.
SELECT body
FROM findings
WHERE incident = {incident:String}
ORDER BY version DESC, stored_at DESC
LIMIT 1 BY version
LIMIT {limit:UInt32}
