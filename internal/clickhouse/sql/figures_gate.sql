-- How often the policy gate gave each answer in a period.
SELECT toString(decision) AS answer, uniqExact(source, id, decided_at) AS times
FROM policy_decisions
WHERE decided_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND decided_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY answer
ORDER BY answer
