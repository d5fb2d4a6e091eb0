-- How recent the events of each source are, over the last week. An event that
-- was delivered twice counts twice.
SELECT kind, source, last_seen_at, events
FROM
(
    SELECT 'change' AS kind, source, max(arrived_at) AS last_seen_at, count() AS events
    FROM changes WHERE ingested_at > now() - INTERVAL 7 DAY GROUP BY source
    UNION ALL
    SELECT 'alert', source, max(arrived_at), count()
    FROM alerts WHERE ingested_at > now() - INTERVAL 7 DAY GROUP BY source
    UNION ALL
    SELECT 'topology', source, max(arrived_at), count()
    FROM topologies WHERE ingested_at > now() - INTERVAL 7 DAY GROUP BY source
)
ORDER BY kind, source
