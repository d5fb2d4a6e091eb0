-- The marks of snapshots taken in lately. They are few.
SELECT uid, uid AS key, observed_at, ingested_at
FROM topologies
WHERE ingested_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND {cursor:Int64} > 0 AND {limit:UInt32} > 0
