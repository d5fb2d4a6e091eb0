-- Some snapshots as they came.
SELECT uid, arrived_at, raw, format != 'faultline' AS rewritten FROM topologies WHERE uid IN {uids:Array(UInt64)} ORDER BY observed_at, uid
