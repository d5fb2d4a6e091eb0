-- The newest changes of one window that match a filter. What decides is the fold
-- of all events of a change, by the rules of correlate.MergeChange; events of a
-- change whose start was corrected by up to an hour are seen as well. Services
-- and text are looked for in each event first, which the fold then confirms.
WITH (ifNull(observed_at, arrived_at), arrived_at, uid) AS moment
SELECT
    if(countIf(parts = 255 OR bitAnd(parts, 16) = 0) > 0, argMaxIf(started_at, moment, parts = 255 OR bitAnd(parts, 16) = 0), argMin(started_at, moment)) AS at,
    concat(source, '\0', id) AS identity
FROM changes
LEFT JOIN
(
    SELECT source, id, override_class, label_class, labelled_at FROM provenance_decided WHERE notEmpty({class:Array(String)})
) AS decided ON changes.source = decided.source AND changes.id = decided.id
WHERE started_at >= fromUnixTimestamp64Milli({since:Int64} - 3600000, 'UTC')
    AND started_at < fromUnixTimestamp64Milli({until:Int64} + 3600000, 'UTC')
    AND ({source:String} = '' OR source = {source:String})
    AND (empty({services:Array(String)}) OR key IN
    (
        SELECT key
        FROM change_services
        WHERE notEmpty({services:Array(String)})
            AND service IN (SELECT arrayJoin(arrayPushBack({services:Array(String)}, '')))
            AND started_at >= fromUnixTimestamp64Milli({since:Int64} - 3600000, 'UTC')
            AND started_at < fromUnixTimestamp64Milli({until:Int64} + 3600000, 'UTC')
    ))
    AND ({text:String} = '' OR key IN
    (
        SELECT key
        FROM changes
        WHERE {text:String} != ''
            AND started_at >= fromUnixTimestamp64Milli({since:Int64} - 3600000, 'UTC')
            AND started_at < fromUnixTimestamp64Milli({until:Int64} + 3600000, 'UTC')
            AND positionCaseInsensitiveUTF8(concat(title, '\n', id, '\n', version, '\n', arrayStringConcat(services, '\n')), {text:String}) > 0
    ))
GROUP BY source, id
HAVING toUnixTimestamp64Milli(at) >= {since:Int64} AND toUnixTimestamp64Milli(at) < {until:Int64}
    AND ({after_id:String} = '' OR (toUnixTimestamp64Milli(at), identity) < ({after_at:Int64}, {after_id:String}))
    AND (empty({services:Array(String)}) OR countIf(notEmpty(services)) = 0
        OR hasAny(argMaxIf(services, moment, notEmpty(services)), {services:Array(String)}))
    AND ({text:String} = '' OR positionCaseInsensitiveUTF8(concat(
        argMaxIf(title, moment, title != ''), '\n', id, '\n', argMaxIf(version, moment, version != ''), '\n',
        arrayStringConcat(argMaxIf(services, moment, notEmpty(services)), '\n')), {text:String}) > 0)
    AND (empty({kinds:Array(String)}) OR has({kinds:Array(String)},
        argMaxIf(kind, (parts = 255 OR bitAnd(parts, 32) = 0, moment), kind != '')))
    AND (empty({status:Array(String)}) OR has({status:Array(String)},
        if(countIf(status NOT IN ('', 'in_progress')) > 0,
            argMaxIf(status, moment, status NOT IN ('', 'in_progress')), max(status))))
    AND ({environment:String} = '' OR {environment:String} =
        if(countIf(environment != '') > 0, argMaxIf(environment, moment, environment != ''), 'production'))
    AND (empty({class:Array(String)}) OR has({class:Array(String)},
        multiIf(any(override_class) != '', any(override_class),
            countIf(provenance_class NOT IN ('', 'unknown') AND ingested_at > labelled_at) > 0,
            argMaxIf(toString(provenance_class), moment, provenance_class NOT IN ('', 'unknown') AND ingested_at > labelled_at),
            any(label_class) != '', any(label_class), 'unknown')))
ORDER BY at DESC, identity DESC
LIMIT {limit:UInt32}
