-- What may have told only of an end, of alerts whose fingerprints have these
-- hashes: such an event stands at the moment of the end.
SELECT uid, arrived_at, body, canonical != '' AS rewritten
FROM alerts
WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    AND key IN (SELECT arrayJoin({key:Array(UInt64)}))
    AND status = 'resolved' AND resolved_at = started_at
ORDER BY arrived_at
LIMIT 1 BY uid
