SELECT DISTINCT severity FROM incidents_current WHERE severity != '' ORDER BY severity LIMIT 10
