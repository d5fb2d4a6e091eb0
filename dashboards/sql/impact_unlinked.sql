SELECT countIf(v.decision = '') / nullIf(count(), 0) AS unlinked
FROM incidents_current AS i
LEFT JOIN (SELECT incident, argMax(decision, decided_at) AS decision FROM verdicts_current GROUP BY incident) AS v ON v.incident = i.id
WHERE $__timeFilter_ms(i.started_at) AND i.status != 'merged'
