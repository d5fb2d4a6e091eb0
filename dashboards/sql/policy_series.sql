SELECT $__timeInterval_ms(decided_at) AS time, toString(decision) AS decision, count() AS decisions
FROM policy_decisions FINAL WHERE $__timeFilter_ms(decided_at)
GROUP BY time, decision ORDER BY time
