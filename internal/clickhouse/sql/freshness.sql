-- How recent the events of each source are, over the last week, and how long they
-- took from their arrival to here. An event that was delivered twice counts twice.
SELECT kind, source, last_seen_at, events, toInt64(greatest(lag_ms, 0)) AS lag_ms
FROM
(
    SELECT 'change' AS kind, source, max(arrived_at) AS last_seen_at, count() AS events,
        quantileTDigest(0.95)(toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(arrived_at)) AS lag_ms
    FROM changes WHERE ingested_at > now() - INTERVAL 7 DAY GROUP BY source
    UNION ALL
    SELECT 'alert', source, max(arrived_at), count(),
        quantileTDigest(0.95)(toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(arrived_at))
    FROM alerts WHERE ingested_at > now() - INTERVAL 7 DAY GROUP BY source
    UNION ALL
    SELECT 'topology', source, max(arrived_at), count(),
        quantileTDigest(0.95)(toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(arrived_at))
    FROM topologies WHERE ingested_at > now() - INTERVAL 7 DAY GROUP BY source
)
ORDER BY kind, source
