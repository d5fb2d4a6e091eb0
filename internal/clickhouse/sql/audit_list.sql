-- Who did what, the newest first. Rows that a retry stored twice collapse.
SELECT at, toString(id) AS entry, actor, action, target, detail
FROM audit
ORDER BY at DESC, id
LIMIT 1 BY id
LIMIT {limit:UInt32}
