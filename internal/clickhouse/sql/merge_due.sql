-- What lies in many parts: closed months that nothing was added to for a while, and
-- small tables without months, which hundreds of single rows leave in as many parts.
-- A month is closed a day after its end, since its last hour is still being told of
-- by then. Readers pay for parts and merging for rows, so what has the most parts
-- for its rows comes first: hundreds of verdicts are merged at once, a million
-- events take their time. What the server is merging, or what is too large, is left
-- to the server.
SELECT table, partition_id, count() AS parts, sum(rows) AS held
FROM system.parts
WHERE active AND database = currentDatabase()
    AND (table, partition_id) NOT IN (SELECT table, partition_id FROM system.merges WHERE database = currentDatabase())
    AND
    (
        partition_id = 'all'
        OR match(partition_id, '^[0-9]{6}$') AND toUInt32OrZero(partition_id) < toYYYYMM(now('UTC') - INTERVAL 1 DAY)
            AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(partition_key, 'toYYYYMM('))
    )
GROUP BY table, partition_id
HAVING if(partition_id = 'all',
    parts >= {small_parts:UInt32} AND sum(bytes_on_disk) <= {small_bytes:UInt64},
    parts >= {parts:UInt32} AND sum(bytes_on_disk) <= {bytes:UInt64}
        AND toInt64(toUnixTimestamp(maxIf(modification_time, level = 0))) * 1000 <= toInt64(toUnixTimestamp(now())) * 1000 - {quiet:Int64})
ORDER BY parts / held DESC, table, partition_id
LIMIT 1
