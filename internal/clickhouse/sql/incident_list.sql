-- The newest revision of the incidents that a filter lets through, newest
-- first. A page starts after the last incident of the page before. Which ones
-- those are is told without their bodies, of which only the page's are read.
SELECT body
FROM
(
    SELECT id, started_at, body
    FROM incidents
    WHERE id IN
    (
        SELECT id
        FROM
        (
            SELECT id, status, severity, title, services, started_at
            FROM incidents
            ORDER BY revision DESC, stored_at DESC
            LIMIT 1 BY id
        )
        WHERE (empty({status:Array(String)}) OR has({status:Array(String)}, toString(status)))
            AND (empty({severity:Array(String)}) OR has({severity:Array(String)}, toString(severity)))
            AND ({service:String} = '' OR has(services, {service:String}))
            AND ({text:String} = '' OR positionCaseInsensitiveUTF8(title, {text:String}) > 0 OR id = {text:String})
            AND ({from:Int64} = 0 OR started_at >= fromUnixTimestamp64Milli({from:Int64}))
            AND ({to:Int64} = 0 OR started_at < fromUnixTimestamp64Milli({to:Int64}))
            AND ({after_id:String} = '' OR (toUnixTimestamp64Milli(started_at), id) < ({after_at:Int64}, {after_id:String}))
        ORDER BY started_at DESC, id DESC
        LIMIT {limit:UInt32}
    )
    ORDER BY revision DESC, stored_at DESC
    LIMIT 1 BY id
)
ORDER BY started_at DESC, id DESC
