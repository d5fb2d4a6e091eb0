-- How far each migration has come.
SELECT
    version,
    argMax(m.name, m.at) AS name,
    argMaxIf(m.checksum, m.at, m.state = 'done') AS checksum,
    countIf(m.state = 'done') > 0 AS done,
    if(done, maxIf(m.at, m.state = 'done'), max(m.at)) AS at
FROM schema_migrations AS m
GROUP BY version
ORDER BY version
