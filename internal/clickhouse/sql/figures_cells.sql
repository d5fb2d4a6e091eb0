-- The changes of a period, counted by class, kind, tier, team and size, and by
-- class and week. Each is folded from its events as elsewhere: the later one to
-- tell something wins. To fold by plain maxima, which is what makes a year
-- bearable, each value stands below the moment it was told at, 22 bits for the
-- value; what was worked out of the change as a whole comes after all events.
-- A person's word on the class outweighs the rules', and rules applied anew
-- outweigh what they said of events stored before. A change that began while an
-- incident of its service went on, within a day, is taken for a part of the
-- repair; one that incidents were laid on never is. Its tier is that of the most
-- critical service that it changed, as for the gate; its team is that of the first.
WITH
    (SELECT arraySort(groupUniqArray(team)) FROM services_current WHERE team != '') AS teams,
    (
        SELECT (arrayPushBack(groupArray(name), ''), arrayPushBack(groupArray(code), toUInt32(0)), arrayPushBack(groupArray(rank), toUInt8(255)))
        FROM (SELECT name, toUInt32(indexOf(teams, team)) AS code, toUInt8(if(tier = 0, 255, tier)) AS rank FROM services_current)
    ) AS places,
    (
        SELECT (arrayPushBack(groupArray(who), 0), arrayPushBack(groupArray(word), 0), arrayPushBack(groupArray(label), 0), arrayPushBack(groupArray(label_at), 0))
        FROM
        (
            SELECT bitXor(xxHash64(id), xxHash64(source)) AS who, toUInt8(indexOf({classes:Array(String)}, override_class) + 16 * (override_class != '')) AS word,
                toUInt8(indexOf({classes:Array(String)}, label_class)) AS label, toUInt64(toUnixTimestamp64Milli(labelled_at)) AS label_at
            FROM provenance_decided
        )
    ) AS said,
    ended AS
    (
        SELECT arrayJoin(services) AS service, started_at AS since, least(ifNull(resolved_at, now64(3)), started_at + INTERVAL 1 DAY) AS until
        FROM (SELECT services, started_at, resolved_at FROM incidents WHERE status != 'merged' ORDER BY revision DESC LIMIT 1 BY id)
        WHERE started_at >= fromUnixTimestamp64Milli({from:Int64} - 86400000, 'UTC') AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    ),
    fixing AS
    (
        SELECT c.key AS key
        FROM
        (
            -- Services and hours with an incident, as one number: few rows are left to be joined.
            SELECT service, started_at, key
            FROM change_services
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
                AND bitXor(xxHash64(service), toUInt64(toUnixTimestamp(started_at)) DIV 3600) IN
                (
                    SELECT bitXor(xxHash64(service), arrayJoin(range(toUInt64(toUnixTimestamp(since)) DIV 3600, toUInt64(toUnixTimestamp(until)) DIV 3600 + 1)))
                    FROM ended
                )
        ) AS c
        INNER JOIN ended AS i ON c.service = i.service
        WHERE c.started_at > i.since AND c.started_at < i.until
    )
SELECT
    toUInt8(grouping(week)) AS of_cells, class, kind_code, size, toUInt8(intDiv(place, 65536)) AS tier,
    if(place % 65536 = 0, '', teams[place % 65536]) AS team, week, apart, count() AS n,
    groupArrayIf(who, is_confirmed) AS confirmed_keys, groupArrayIf(who, is_suspected) AS suspected_keys
FROM
(
    SELECT
        who, toUInt8(bitAnd(kind_at, 255)) AS kind_code, toUInt32(bitAnd(place_at, 4194303)) AS place, toUInt8(bitAnd(size_at, 255)) AS size,
        transform(who, said.1, said.2, toUInt8(0)) AS word,
        toUInt8(multiIf(word > 0, word % 16, class_at > 0, bitAnd(class_at, 255), transform(who, said.1, said.3, toUInt8(0)))) AS class,
        toInt64(intDiv(at - 345600000, 604800000) * 604800000 + 345600000) AS week,
        who IN (SELECT arrayJoin({confirmed:Array(UInt64)})) AS is_confirmed,
        who IN (SELECT arrayJoin({suspected:Array(UInt64)})) AS is_suspected,
        toUInt8(multiIf(is_confirmed OR is_suspected, if(at > {mature:Int64}, 3, 0), rolled, 1, key IN (SELECT key FROM fixing), 2,
            at > {mature:Int64}, 3, 0)) AS apart
    FROM
    (
        SELECT
            who, any(key) AS key, maxIf(moment + class_code, class_code > 0) AS class_at, maxIf(moment + code, code > 0) AS kind_at,
            maxIf(moment + place_code, has_place) AS place_at, maxIf(moment + size_code, size_code > 0) AS size_at,
            argMax(ms, moment) AS at, max(undone) AS rolled, max(elsewhere) AS not_here
        FROM
        (
            SELECT
                bitXor(key, xxHash64(source)) AS who, key, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(least(greatest(toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)), 0), 2199023255551)), 22) AS moment,
                if(toUnixTimestamp64Milli(ingested_at) <= transform(who, said.1, said.4, toUInt64(0)), 0,
                    toUInt8(transform(toString(provenance_class), {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0))) AS class_code,
                toUInt8(transform(toString(kind), {kinds:Array(String)}, range(1, length({kinds:Array(String)}) + 1), 0)) AS code,
                notEmpty(services) AS has_place,
                arrayMin(arrayMap(s -> transform(toString(s), places.1, places.3, toUInt8(255)), services)) AS rank,
                if(rank = 255, 0, rank * 65536) + transform(toString(services[1]), places.1, places.2, toUInt32(0)) AS place_code,
                toUInt8(multiIf(commits = 0 OR lines = 0, 0, lines <= 50, 1, lines <= 250, 2, lines <= 1000, 3, 4)) AS size_code,
                undoes OR kind = 'rollback' AS undone,
                environment NOT IN ('', 'production') AS elsewhere
            FROM changes
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64} - 3600000, 'UTC')
                AND started_at < fromUnixTimestamp64Milli({to:Int64} + 3600000, 'UTC')
            UNION ALL
            SELECT
                bitXor(key, xxHash64(source)) AS who, key, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(toUnixTimestamp64Milli(worked_at) + 2199023255552), 22) AS moment,
                toUInt8(transform(toString(class), {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0)) AS class_code,
                toUInt8(0) AS code, false AS has_place, toUInt8(0) AS rank, toUInt32(0) AS place_code,
                toUInt8(multiIf(commits = 0 OR lines = 0, 0, lines <= 50, 1, lines <= 250, 2, lines <= 1000, 3, 4)) AS size_code,
                false AS undone, false AS elsewhere
            FROM change_wholes
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64} - 3600000, 'UTC')
                AND started_at < fromUnixTimestamp64Milli({to:Int64} + 3600000, 'UTC')
        )
        GROUP BY who
        HAVING not_here = 0 AND kind_at > 0 AND at >= {from:Int64} AND at < {to:Int64}
    )
)
GROUP BY GROUPING SETS ((class, kind_code, size, place, apart), (class, week, apart))
