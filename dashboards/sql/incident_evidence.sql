SELECT concat(toString(rank), '. ', change_id) AS suspect,
    log_odds['timing'] AS timing, log_odds['topology'] AS topology, log_odds['text'] AS text, log_odds['prior'] AS prior,
    log_odds['rollout'] + log_odds['region'] + log_odds['version'] AS reach, log_odds['metrics'] AS metrics,
    log_odds['rollback'] AS rollback, log_odds['history'] AS history
FROM suspects_current
WHERE incident = ${incident:singlequote}
ORDER BY rank LIMIT 5
