SELECT $__timeInterval_ms(ingested_at) AS time,
    quantileExact(0.5)(dateDiff('millisecond', arrived_at, ingested_at)) / 1000 AS median,
    quantileExact(0.99)(dateDiff('millisecond', arrived_at, ingested_at)) / 1000 AS p99
FROM changes WHERE $__timeFilter_ms(ingested_at)
GROUP BY time ORDER BY time
