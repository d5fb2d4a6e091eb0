-- The provenance of each change whose id has one of these hashes: what the rules
-- say, and a person's word with its reason. An event that tells nothing does not
-- undo what another one told; a label that was given again outweighs what was
-- stored before it.
WITH
    (ifNull(e.observed_at, e.arrived_at), e.arrived_at, e.uid) AS moment,
    e.ingested_at > l.label_at AS fresh
SELECT
    e.source AS source,
    e.id AS id,
    multiIf(
        countIf(fresh AND e.provenance != '' AND e.provenance_class != 'unknown') > 0,
        argMaxIf(e.provenance, moment, fresh AND e.provenance != '' AND e.provenance_class != 'unknown'),
        any(l.label) != '', any(l.label),
        argMaxIf(e.provenance, moment, e.provenance != '')) AS machine,
    any(o.said_class) AS class,
    any(o.said_reason) AS reason,
    any(o.said_by) AS decided_by,
    any(o.said_at) AS decided_at
FROM
(
    SELECT uid, toString(source) AS source, id, provenance, toString(provenance_class) AS provenance_class, observed_at, arrived_at, ingested_at
    FROM changes
    WHERE (started_at, key) IN
    (
        SELECT started_at, hash FROM change_lookup WHERE hash IN (SELECT arrayJoin({hashes:Array(UInt64)}))
    )
) AS e
LEFT JOIN
(
    SELECT toString(source) AS source, id, argMax(t.provenance, t.labelled_at) AS label, max(t.labelled_at) AS label_at
    FROM provenance_labels AS t
    WHERE xxHash64(id) IN (SELECT arrayJoin({hashes:Array(UInt64)}))
    GROUP BY source, id
) AS l ON e.source = l.source AND e.id = l.id
LEFT JOIN
(
    SELECT toString(source) AS source, id, argMax(toString(t.class), t.decided_at) AS said_class,
        argMax(t.reason, t.decided_at) AS said_reason, argMax(t.decided_by, t.decided_at) AS said_by, max(t.decided_at) AS said_at
    FROM provenance_overrides AS t
    WHERE xxHash64(id) IN (SELECT arrayJoin({hashes:Array(UInt64)}))
    GROUP BY source, id
) AS o ON e.source = o.source AND e.id = o.id
GROUP BY source, id
HAVING machine != '' OR class != ''
