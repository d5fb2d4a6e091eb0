-- The incidents in whose newest finding one of some changes is a suspect. Merged
-- incidents live on in others and are left out.
WITH
    asked AS (SELECT pair.1, pair.2 FROM (SELECT arrayJoin(arrayZip({sources:Array(String)}, {ids:Array(String)})) AS pair)),
    touched AS (SELECT incident FROM suspects WHERE (change_source, change_id) IN asked)
SELECT s.change_source, s.change_id, s.incident
FROM
(
    SELECT change_source, change_id, incident, version
    FROM suspects
    WHERE (change_source, change_id) IN asked
    ORDER BY version DESC, stored_at DESC
    LIMIT 1 BY change_source, change_id, incident
) AS s
INNER JOIN
(
    SELECT incident, max(version) AS newest, max(as_of) AS seen_at
    FROM findings
    WHERE incident IN touched
    GROUP BY incident
) AS f ON f.incident = s.incident AND f.newest = s.version
WHERE s.incident NOT IN
(
    SELECT id
    FROM (SELECT id, status FROM incidents WHERE id IN touched ORDER BY revision DESC, stored_at DESC LIMIT 1 BY id)
    WHERE toString(status) = 'merged'
)
ORDER BY f.seen_at DESC, s.incident
LIMIT {limit:UInt32} BY s.change_source, s.change_id
