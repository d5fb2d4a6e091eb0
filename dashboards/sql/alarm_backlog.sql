SELECT count() AS value
FROM incidents_current AS i LEFT JOIN findings_current AS f ON f.incident = i.id
WHERE $__timeFilter_ms(i.stored_at) AND i.status = 'open' AND f.incident = '' AND i.stored_at < now64(3) - INTERVAL 1 MINUTE
