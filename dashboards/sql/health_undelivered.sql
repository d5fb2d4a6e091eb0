SELECT count() AS undelivered
FROM
(
    SELECT target, incident FROM undelivered GROUP BY target, incident
    HAVING maxIf(stored_at, word = 'given_up') > maxIf(stored_at, word IN ('delivered', 'dismissed'))
)
LIMIT 1
