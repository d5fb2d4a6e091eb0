-- The changes of a period, counted by class, kind, tier, team and size, and by
-- class and week. Each is folded from its events as elsewhere; words become small
-- numbers first, which a year of changes would otherwise be spent comparing. A
-- person's word on the class outweighs the rules', and rules applied anew the old
-- ones. A change that began while an
-- incident of its service went on, within a day, is taken for a part of the
-- repair; one that incidents were laid on never is.
WITH
    (SELECT arraySort(groupUniqArray(team)) FROM services_current WHERE team != '') AS teams,
    (SELECT groupArray(name) FROM (SELECT name FROM services_current ORDER BY name)) AS names,
    (SELECT groupArray(code) FROM (SELECT toUInt32(tier * 65536 + indexOf(teams, team)) AS code FROM services_current ORDER BY name)) AS codes,
    said AS
    (
        SELECT source, xxHash64(id) AS key, toUInt8(indexOf({classes:Array(String)}, if(override_class != '', override_class, label_class))) AS code
        FROM provenance_decided
        WHERE override_class != '' OR label_class != ''
    ),
    (SELECT arrayPushBack(groupArray(key), 0) FROM (SELECT key FROM said ORDER BY key)) AS said_keys,
    (SELECT arrayPushBack(groupArray(code), toUInt8(0)) FROM (SELECT code FROM said ORDER BY key)) AS said_codes,
    fixing AS
    (
        SELECT c.key AS key
        FROM change_services AS c
        INNER JOIN
        (
            SELECT arrayJoin(services) AS service, started_at AS since, least(ifNull(resolved_at, now64(3)), started_at + INTERVAL 1 DAY) AS until
            FROM (SELECT services, started_at, resolved_at FROM incidents WHERE status != 'merged' ORDER BY revision DESC LIMIT 1 BY id)
        ) AS i ON c.service = i.service
        WHERE c.started_at > i.since AND c.started_at < i.until
            AND c.started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND c.started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    )
SELECT
    toUInt8(grouping(week)) AS of_cells, class, kind_code, size, toUInt8(intDiv(place, 65536)) AS tier,
    if(place % 65536 = 0, '', teams[place % 65536]) AS team, week, apart, count() AS n,
    groupArrayIf(key, is_confirmed) AS confirmed_keys, groupArrayIf(key, is_suspected) AS suspected_keys
FROM
(
    SELECT
        key,
        if((source, key) IN (SELECT source, key FROM said), transform(key, said_keys, said_codes, folded_class), folded_class) AS class,
        kind_code, place,
        toUInt8(multiIf(folded_lines = 0, 0, folded_lines <= 50, 1, folded_lines <= 250, 2, folded_lines <= 1000, 3, 4)) AS size,
        toUnixTimestamp64Milli(toDateTime64(toStartOfWeek(fromUnixTimestamp64Milli(at, 'UTC'), 1), 3, 'UTC')) AS week,
        key IN (SELECT arrayJoin({confirmed:Array(UInt64)})) AS is_confirmed,
        key IN (SELECT arrayJoin({suspected:Array(UInt64)})) AS is_suspected,
        toUInt8(multiIf(is_confirmed OR is_suspected, if(at > {mature:Int64}, 3, 0), rolled, 1, key IN (SELECT key FROM fixing), 2,
            at > {mature:Int64}, 3, 0)) AS apart
    FROM
    (
        SELECT
            source, key,
            argMaxIf(class_code, moment, class_code > 0) AS folded_class,
            argMaxIf(code, moment, code > 0) AS kind_code,
            argMaxIf(place_code, moment, has_place) AS place,
            argMaxIf(lines, moment, commits > 0) AS folded_lines,
            max(undoes OR kind = 'rollback') AS rolled,
            argMax(toUnixTimestamp64Milli(started_at), moment) AS at,
            max(elsewhere) AS not_here
        FROM
        (
            SELECT
                source, key, kind, started_at, lines, commits, undoes,
                toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)) AS moment,
                toUInt8(transform(toString(provenance_class), {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0)) AS class_code,
                toUInt8(transform(toString(kind), {kinds:Array(String)}, range(1, length({kinds:Array(String)}) + 1), 0)) AS code,
                notEmpty(services) AS has_place,
                transform(toString(services[1]), arrayPushBack(names, ''), arrayPushBack(codes, toUInt32(0)), toUInt32(0)) AS place_code,
                environment NOT IN ('', 'production') AS elsewhere
            FROM changes
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64} - 3600000, 'UTC')
                AND started_at < fromUnixTimestamp64Milli({to:Int64} + 3600000, 'UTC')
        )
        GROUP BY source, key
        HAVING not_here = 0 AND at >= {from:Int64} AND at < {to:Int64}
    )
)
GROUP BY GROUPING SETS ((class, kind_code, size, place, apart), (class, week, apart))
