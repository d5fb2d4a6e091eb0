-- What the policy gate said, the newest first. A page starts after the last
-- decision of the page before.
WITH concat(source, '\0', id) AS identity
SELECT DISTINCT decided_at, source, id, decision, rules, reasons, asked_by, body
FROM policy_decisions
WHERE ({source:String} = '' OR source = {source:String})
    AND ({id:String} = '' OR id = {id:String})
    AND (empty({decision:Array(String)}) OR has({decision:Array(String)}, toString(decision)))
    AND ({from:Int64} = 0 OR decided_at >= fromUnixTimestamp64Milli({from:Int64}))
    AND ({to:Int64} = 0 OR decided_at < fromUnixTimestamp64Milli({to:Int64}))
    AND ({after_id:String} = '' OR (toUnixTimestamp64Milli(decided_at), identity) < ({after_at:Int64}, {after_id:String}))
ORDER BY decided_at DESC, identity DESC
LIMIT {limit:UInt32}
