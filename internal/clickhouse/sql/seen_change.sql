-- Which of these change events are stored. The lookup says where they would be.
SELECT DISTINCT uid
FROM changes
WHERE started_at IN (SELECT started_at FROM change_lookup WHERE hash IN {uids:Array(UInt64)})
    AND uid IN {uids:Array(UInt64)}
