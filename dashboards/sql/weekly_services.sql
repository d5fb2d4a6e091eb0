SELECT service, count() AS incidents, round(sum(seconds) / 60) AS minutes
FROM (SELECT arrayJoin(services) AS service, dateDiff('second', started_at, ifNull(resolved_at, now64(3))) AS seconds
    FROM incidents_current WHERE $__timeFilter_ms(started_at) AND status != 'merged')
GROUP BY service ORDER BY minutes DESC LIMIT 15
