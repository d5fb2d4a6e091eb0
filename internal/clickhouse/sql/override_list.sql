-- Every word of people on the provenance of a change, the newest first.
SELECT DISTINCT class, reason, decided_by, decided_at
FROM provenance_overrides
WHERE source = {source:String} AND id = {id:String}
ORDER BY decided_at DESC
