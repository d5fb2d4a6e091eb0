SELECT decided_at AS decided, toString(decision) AS decision, id AS change, toString(source) AS source, arrayStringConcat(rules, ', ') AS rules,
    arrayStringConcat(reasons, '; ') AS reasons, asked_by
FROM policy_decisions FINAL WHERE $__timeFilter_ms(decided_at)
ORDER BY decided DESC LIMIT 200
