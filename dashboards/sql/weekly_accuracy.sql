SELECT toDateTime(toStartOfWeek(v.decided_at, 1, 'UTC'), 'UTC') AS time,
    countIf(s.rank = 1) / count() AS first_was_right, countIf(s.rank BETWEEN 1 AND 3) / count() AS among_first_three
FROM (SELECT * FROM verdicts_current WHERE decision = 'confirm') AS v
LEFT JOIN suspects AS s ON s.incident = v.incident AND s.version = v.finding_version AND s.change_id = v.change_id AND s.change_source = v.change_source
WHERE $__timeFilter_ms(v.decided_at)
GROUP BY time ORDER BY time
