SELECT f.as_of AS time, max(s.probability) AS first_suspect, any(f.no_change_probability) AS no_change
FROM findings AS f FINAL
LEFT JOIN (SELECT incident, version, probability FROM suspects FINAL WHERE rank = 1) AS s ON s.incident = f.incident AND s.version = f.version
WHERE f.incident = ${incident:singlequote} AND $__timeFilter_ms(f.as_of)
GROUP BY time ORDER BY time
