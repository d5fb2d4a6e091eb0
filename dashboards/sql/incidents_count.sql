SELECT count() AS incidents FROM incidents_current
WHERE $__timeFilter_ms(started_at) AND status != 'merged' AND $__conditionalAll(hasAny(services, [${service:singlequote}]), $service)
