-- News that targets could not be told and that nobody has dismissed, the last
-- given up first.
SELECT target, incident,
    argMaxIf(said_at, stored_at, word = 'given_up') AS given_up_at,
    argMaxIf(attempts, stored_at, word = 'given_up') AS tried,
    argMaxIf(reason, stored_at, word = 'given_up') AS why,
    if(maxIf(stored_at, word = 'asked') > maxIf(stored_at, word = 'given_up'), argMaxIf(said_by, stored_at, word = 'asked'), '') AS asked_by,
    maxIf(stored_at, word = 'asked') > maxIf(stored_at, word = 'given_up') AS asked
FROM undelivered
GROUP BY target, incident
HAVING maxIf(stored_at, word = 'given_up') > maxIf(stored_at, word IN ('delivered', 'dismissed'))
ORDER BY given_up_at DESC, target, incident
LIMIT {limit:UInt32}
