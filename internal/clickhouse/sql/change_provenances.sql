-- The newest label of each change whose id has one of these hashes. An event
-- that tells nothing does not undo what another one told.
WITH (ifNull(observed_at, arrived_at), arrived_at, uid) AS moment
SELECT source, id, argMax(provenance, (provenance_class != 'unknown', moment))
FROM changes
WHERE provenance != '' AND (started_at, key) IN
(
    SELECT started_at, hash FROM change_lookup WHERE hash IN (SELECT arrayJoin({hashes:Array(UInt64)}))
)
GROUP BY source, id
