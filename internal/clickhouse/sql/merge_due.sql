-- The closed months of tables that lie in many parts and that nothing was added to
-- for a while: those that cost readers most come first. A month is closed a day
-- after its end, since its last hour is still being told of by then. One that the
-- server is merging, or that is too large, is left to the server.
SELECT table, partition_id, count() AS parts, sum(rows) AS held
FROM system.parts
WHERE active AND database = currentDatabase() AND match(partition_id, '^[0-9]{6}$')
    AND toUInt32OrZero(partition_id) < toYYYYMM(now('UTC') - INTERVAL 1 DAY)
    AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(partition_key, 'toYYYYMM('))
    AND (table, partition_id) NOT IN (SELECT table, partition_id FROM system.merges WHERE database = currentDatabase())
GROUP BY table, partition_id
HAVING parts >= {parts:UInt32} AND sum(bytes_on_disk) <= {bytes:UInt64}
    AND toInt64(toUnixTimestamp(maxIf(modification_time, level = 0))) * 1000 <= toInt64(toUnixTimestamp(now())) * 1000 - {quiet:Int64}
ORDER BY held * parts DESC, table, partition_id
LIMIT 1
