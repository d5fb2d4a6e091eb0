-- The incidents in whose newest finding a change is a suspect, newest first.
SELECT s.incident, s.version, s.rank, s.probability
FROM
(
    SELECT incident, version, rank, probability
    FROM suspects
    WHERE change_source = {source:String} AND change_id = {id:String}
    ORDER BY version DESC, stored_at DESC
    LIMIT 1 BY incident
) AS s
INNER JOIN
(
    SELECT incident, max(version) AS newest, max(as_of) AS seen_at
    FROM findings
    WHERE incident IN (SELECT incident FROM suspects WHERE change_source = {source:String} AND change_id = {id:String})
    GROUP BY incident
) AS f ON f.incident = s.incident AND f.newest = s.version
ORDER BY f.seen_at DESC, s.incident
LIMIT {limit:UInt32}
