SELECT $__timeInterval_ms(first_alert) AS time, quantileExact(0.5)(seconds) AS median, quantileExact(0.99)(seconds) AS p99
FROM
(
    SELECT min(a.arrived_at) AS first_alert, dateDiff('millisecond', first_alert, any(f.stored_at)) / 1000 AS seconds
    FROM (SELECT incident, min(stored_at) AS stored_at FROM findings GROUP BY incident) AS f
    INNER JOIN incident_alerts AS ia ON ia.incident = f.incident
    INNER JOIN alerts AS a ON a.fingerprint = ia.fingerprint AND a.started_at = ia.started_at
    WHERE $__timeFilter_ms(a.arrived_at)
    GROUP BY f.incident
)
GROUP BY time ORDER BY time
