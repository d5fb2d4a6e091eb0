SELECT $__timeInterval_ms(ingested_at) AS time, kind, count() / $__interval_s AS events
FROM
(
    SELECT ingested_at, 'changes' AS kind FROM changes WHERE $__timeFilter_ms(ingested_at)
    UNION ALL SELECT ingested_at, 'alerts' AS kind FROM alerts WHERE $__timeFilter_ms(ingested_at)
    UNION ALL SELECT ingested_at, 'topology' AS kind FROM topologies WHERE $__timeFilter_ms(ingested_at)
)
GROUP BY time, kind ORDER BY time
