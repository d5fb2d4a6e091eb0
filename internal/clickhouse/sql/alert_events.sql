-- Every event of the episodes that began at these moments and whose
-- fingerprints have these hashes, once, as it first arrived.
SELECT uid, arrived_at, body, canonical != '' AS rewritten
FROM alerts
WHERE (started_at, key) IN
(
    SELECT fromUnixTimestamp64Milli(place.1, 'UTC'), place.2
    FROM (SELECT arrayJoin(arrayZip({at:Array(Int64)}, {key:Array(UInt64)})) AS place)
)
ORDER BY arrived_at
LIMIT 1 BY uid
