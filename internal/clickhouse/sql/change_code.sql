-- Every event of the changes to source code that began when something with one
-- of these commits did, once, as it first arrived.
SELECT uid, arrived_at, body, canonical != '' AS rewritten
FROM changes
WHERE environment = 'repository' AND started_at IN
(
    SELECT started_at FROM change_lookup WHERE hash IN (SELECT arrayJoin({hashes:Array(UInt64)}))
)
ORDER BY arrived_at
LIMIT 1 BY uid
