-- The keys of changes to production that began when something that carries one
-- of these commits did.
SELECT DISTINCT key
FROM changes
WHERE environment != 'repository' AND started_at IN
(
    SELECT started_at FROM change_lookup WHERE hash IN (SELECT arrayJoin({hashes:Array(UInt64)}))
)
