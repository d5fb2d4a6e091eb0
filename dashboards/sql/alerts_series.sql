SELECT $__timeInterval_ms(started_at) AS time, if(signal = '', 'not stated', toString(signal)) AS signal, count() AS alerts
FROM alerts_current
WHERE $__timeFilter_ms(started_at) AND $__conditionalAll(service IN (${service:singlequote}), $service)
GROUP BY time, signal ORDER BY time
