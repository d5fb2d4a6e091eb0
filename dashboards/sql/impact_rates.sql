WITH 1.959963984540054 AS z
SELECT provenance, changes, confirmed, confirmed / changes AS rate,
    greatest(0, (rate + z * z / (2 * changes) - z * sqrt(rate * (1 - rate) / changes + z * z / (4 * changes * changes))) / (1 + z * z / changes)) AS low,
    least(1, (rate + z * z / (2 * changes) + z * sqrt(rate * (1 - rate) / changes + z * z / (4 * changes * changes))) / (1 + z * z / changes)) AS high,
    suspected_too, if(changes < 20, 'insufficient data', '') AS note
FROM
(
    SELECT o.class_group AS provenance, count() AS changes, countIf(o.confirmed) AS confirmed, countIf(o.confirmed OR o.suspected) AS suspected_too
    FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms) AS o
    WHERE o.apart = ''
    GROUP BY provenance
)
ORDER BY provenance LIMIT 10
