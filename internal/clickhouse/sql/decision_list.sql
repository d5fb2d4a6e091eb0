-- What the policy gate said about a change, the newest first.
SELECT DISTINCT decided_at, decision, rules, reasons, asked_by, body
FROM policy_decisions
WHERE source = {source:String} AND id = {id:String}
ORDER BY decided_at DESC
LIMIT 200
