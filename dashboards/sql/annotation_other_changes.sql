SELECT started_at AS time, ifNull(finished_at, started_at) AS timeEnd,
    concat('Change ', id, ': ', title, ' (', arrayStringConcat(services, ', '), ')') AS text, toString(kind) AS tags
FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms)
WHERE class_group != 'AI-assisted'
ORDER BY started_at DESC LIMIT 500
