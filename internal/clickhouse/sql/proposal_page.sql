-- What agents propose over all incidents, the newest first, with the first word
-- that a person said about each. A page starts after the last of the page before.
SELECT
    toString(p.id) AS proposal, p.incident AS incident, p.said_at AS proposed_at, p.said_by AS proposed_by, p.finding_version AS finding_version,
    toString(p.decision) AS decision, toString(p.change_source) AS change_source, p.change_id AS change_id, p.reason AS reason,
    s.settled AS settled, s.settled_at AS settled_at, s.settled_by AS settled_by, s.settled_reason AS settled_reason, s.settled_verdict AS settled_verdict
FROM (SELECT * FROM proposals WHERE word = 'open' ORDER BY stored_at LIMIT 1 BY id) AS p
LEFT JOIN
(
    SELECT
        id, argMin(toString(word), (said_at, word)) AS settled, min(said_at) AS settled_at, argMin(said_by, (said_at, word)) AS settled_by,
        argMin(reason, (said_at, word)) AS settled_reason, argMin(verdict, (said_at, word)) AS settled_verdict
    FROM proposals WHERE word != 'open' GROUP BY id
) AS s ON s.id = p.id
WHERE (empty({state:Array(String)}) OR has({state:Array(String)}, if(settled = '', 'open', settled)))
    AND ({after_id:String} = '' OR (toUnixTimestamp64Milli(proposed_at), proposal) < ({after_at:Int64}, {after_id:String}))
ORDER BY proposed_at DESC, proposal DESC
LIMIT {limit:UInt32}
