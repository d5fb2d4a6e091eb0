-- How many incidents of each status have each severity, of those that the rest of
-- a filter lets through.
SELECT toString(status) AS status, toString(severity) AS severity, count() AS incidents
FROM
(
    SELECT id, status, severity, title, services, started_at
    FROM incidents
    ORDER BY revision DESC, stored_at DESC
    LIMIT 1 BY id
)
WHERE ({service:String} = '' OR has(services, {service:String}))
    AND ({text:String} = '' OR positionCaseInsensitiveUTF8(title, {text:String}) > 0 OR id = {text:String})
    AND ({from:Int64} = 0 OR started_at >= fromUnixTimestamp64Milli({from:Int64}))
    AND ({to:Int64} = 0 OR started_at < fromUnixTimestamp64Milli({to:Int64}))
GROUP BY status, severity
ORDER BY status, severity
