SELECT argMaxIf(said_at, stored_at, word = 'given_up') AS given_up, toString(target) AS target, incident,
    argMaxIf(attempts, stored_at, word = 'given_up') AS tries,
    if(maxIf(stored_at, word = 'asked') > maxIf(stored_at, word = 'given_up'), 'asked for again', 'waits for a person') AS state,
    argMaxIf(reason, stored_at, word = 'given_up') AS why
FROM undelivered
GROUP BY target, incident
HAVING maxIf(stored_at, word = 'given_up') > maxIf(stored_at, word IN ('delivered', 'dismissed'))
ORDER BY given_up DESC LIMIT 100
