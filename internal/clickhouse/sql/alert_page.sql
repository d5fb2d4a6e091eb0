-- The newest alert episodes of one window that match a filter.
SELECT started_at, fingerprint
FROM alerts
WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    AND (empty({services:Array(String)}) OR has({services:Array(String)}, service))
    AND ({after_id:String} = '' OR (toUnixTimestamp64Milli(started_at), fingerprint) < ({after_at:Int64}, {after_id:String}))
GROUP BY started_at, fingerprint
HAVING empty({status:Array(String)}) OR has({status:Array(String)}, if(countIf(status = 'resolved') > 0, 'resolved', 'firing'))
ORDER BY started_at DESC, fingerprint DESC
LIMIT {limit:UInt32}
