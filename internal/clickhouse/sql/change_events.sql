-- Every event of the changes whose ids have these hashes, once, as it first
-- arrived: the same bytes delivered again must not pass for a later statement.
SELECT uid, arrived_at, body, canonical != '' AS rewritten
FROM changes
WHERE (started_at, key) IN
(
    SELECT started_at, hash FROM change_lookup WHERE hash IN (SELECT arrayJoin({hashes:Array(UInt64)}))
)
ORDER BY arrived_at
LIMIT 1 BY uid
