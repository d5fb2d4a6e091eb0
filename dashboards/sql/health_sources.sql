SELECT kind, toString(source) AS source, max(at) AS last_event, dateDiff('second', last_event, now64(3)) AS silent, count() AS events
FROM
(
    SELECT 'changes' AS kind, source, ingested_at AS at FROM changes WHERE $__timeFilter_ms(ingested_at)
    UNION ALL SELECT 'alerts' AS kind, source, ingested_at AS at FROM alerts WHERE $__timeFilter_ms(ingested_at)
    UNION ALL SELECT 'topology' AS kind, source, ingested_at AS at FROM topologies WHERE $__timeFilter_ms(ingested_at)
)
GROUP BY kind, source ORDER BY silent DESC LIMIT 100
