SELECT rule, countIf(decision = 'deny') AS denied, countIf(decision = 'warn') AS warned, countIf(decision = 'allow') AS allowed
FROM (SELECT toString(arrayJoin(rules)) AS rule, decision FROM policy_decisions FINAL WHERE $__timeFilter_ms(decided_at))
GROUP BY rule ORDER BY count() DESC LIMIT 30
