SELECT count() AS open FROM incidents_current
WHERE status IN ('open', 'quiet') AND $__conditionalAll(hasAny(services, [${service:singlequote}]), $service) LIMIT 1
