SELECT $__timeInterval_ms(at) AS time, countIf(kind = 'changes') / $__interval_s AS changes,
    countIf(kind = 'alerts') / $__interval_s AS alerts, countIf(kind = 'topology') / $__interval_s AS topology
FROM
(
    SELECT ingested_at AS at, 'changes' AS kind FROM changes WHERE $__timeFilter_ms(ingested_at)
    UNION ALL SELECT ingested_at AS at, 'alerts' AS kind FROM alerts WHERE $__timeFilter_ms(ingested_at)
    UNION ALL SELECT ingested_at AS at, 'topology' AS kind FROM topologies WHERE $__timeFilter_ms(ingested_at)
    UNION ALL SELECT addSeconds($__fromTime_ms, number * $__interval_s) AS at, 'silence' AS kind
    FROM numbers(intDiv(dateDiff('second', $__fromTime_ms, $__toTime_ms), greatest($__interval_s, 1)) + 1)
)
GROUP BY time ORDER BY time
