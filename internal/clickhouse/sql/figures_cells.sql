-- The changes of a stretch of time, counted by class, kind, tier, team and size,
-- and by class and week. Each is folded from its events as elsewhere: the later
-- one to tell something wins. To fold by plain maxima, which is what makes a year
-- bearable, each value stands below the moment it was told at, 22 bits for the
-- value; what was worked out of the change as a whole comes after all events.
-- A person's word on the class outweighs the rules', and rules applied anew
-- outweigh what they said of events stored before. A change that began while a
-- production incident of its service went on, within a day, is taken for a part of
-- the repair; one that incidents were laid on never is. Whether it did is told by
-- its services and its start, not by its id, which several sources may use. Its
-- tier is that of the most critical service that it changed, as for the gate; its
-- team is that of the first.
--
-- Events from since to until are read, changes counted that began from from to
-- to: what lies between is for starts that were corrected. Of a period in two
-- halves, the changes that have events in both are counted by themselves. All that a change is
-- counted by is one number, so that the groups are found by one number; a
-- change that an incident was laid on is a group of its own.
WITH
    (SELECT arraySort(groupUniqArray(team)) FROM services_current WHERE team != '') AS teams,
    (
        SELECT (arrayPushBack(groupArray(name), ''), arrayPushBack(groupArray(code), toUInt32(63 * 65536)))
        FROM (SELECT name, toUInt32(if(tier = 0, 63, least(tier, 62)) * 65536 + indexOf(teams, team)) AS code FROM services_current)
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
        SELECT arrayJoin(services) AS service, started_at AS began, least(ifNull(resolved_at, now64(3)), started_at + INTERVAL 1 DAY) AS over
        FROM (SELECT services, environment, started_at, resolved_at, status FROM incidents ORDER BY revision DESC, stored_at DESC LIMIT 1 BY id)
        WHERE status != 'merged' AND environment IN ('', 'production') AND started_at >= fromUnixTimestamp64Milli({since:Int64} - 86400000, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    ),
    fixing AS
    (
        SELECT DISTINCT xxHash64(toString(c.service), toUnixTimestamp64Milli(c.started_at)) AS start
        FROM
        (
            -- Services and hours with an incident, as one number: few rows are left to be joined.
            SELECT service, started_at
            FROM change_services
            WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                AND bitXor(xxHash64(service), toUInt64(toUnixTimestamp(started_at)) DIV 3600) IN
                (
                    SELECT bitXor(xxHash64(service), arrayJoin(range(toUInt64(toUnixTimestamp(began)) DIV 3600, toUInt64(toUnixTimestamp(over)) DIV 3600 + 1)))
                    FROM ended
                )
        ) AS c
        INNER JOIN ended AS i ON c.service = i.service
        WHERE c.started_at > i.began AND c.started_at < i.over
    )
SELECT
    toUInt8(bitTest(cell, 63)) AS of_cells, toUInt8(bitAnd(cell, 15)) AS class, toUInt8(bitAnd(bitShiftRight(cell, 4), 3)) AS apart,
    toUInt8(if(of_cells, bitAnd(bitShiftRight(cell, 6), 31), 0)) AS kind_code, toUInt8(if(of_cells, bitAnd(bitShiftRight(cell, 11), 7), 0)) AS size,
    toUInt8(if(of_cells, bitAnd(bitShiftRight(cell, 30), 63) % 63, 0)) AS tier,
    if(of_cells AND bitAnd(bitShiftRight(cell, 14), 65535) > 0, teams[bitAnd(bitShiftRight(cell, 14), 65535)], '') AS team,
    if(of_cells, 0, toInt64(bitShiftRight(cell, 6)) * 604800000 + 345600000) AS week,
    blamed, count() AS n
FROM
(
    SELECT
        intDiv(last, 32) AS at, transform(who, said.1, said.2, toUInt8(0)) AS word,
        toUInt8(multiIf(word > 0, word % 16, class_at > 0, bitAnd(class_at, 15), transform(who, said.1, said.3, toUInt8(0)))) AS class,
        who IN (SELECT arrayJoin({blamed:Array(UInt64)})) AS is_blamed, if(is_blamed, who, 0) AS blamed,
        toUInt8(multiIf(is_blamed, if(at > {mature:Int64}, 3, 0), bitAnd(flags, 1) > 0, 1, bitAnd(flags, 4) > 0, 2, at > {mature:Int64}, 3, 0)) AS apart,
        arrayJoin([
            toUInt64(class + 16 * apart + 64 * intDiv(at - 345600000, 604800000)),
            toUInt64(class + 16 * apart) + 64 * toUInt64(bitAnd(last, 31)) + 2048 * bitAnd(size_at, 7) + 16384 * bitAnd(place_at, 4194303) + bitShiftLeft(toUInt64(1), 63)
        ]) AS cell
    FROM
    (
        SELECT
            who, max(if(class_code > 0, moment + class_code, 0)) AS class_at, max(if(size_code > 0, moment + size_code, 0)) AS size_at,
            max(if(place_code > 0, moment + place_code, 0)) AS place_at, argMax(32 * ms + kind_code, kind_at) AS last, groupBitOr(flag) AS flags
        FROM
        (
            SELECT
                bitXor(key, xxHash64(source)) AS who, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(least(greatest(toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)), 0), 2199023255551)), 22) AS moment,
                if(toUnixTimestamp64Milli(ingested_at) <= transform(who, said.1, said.4, toUInt64(0)), 0,
                    toUInt8(transform(provenance_class, {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0))) AS class_code,
                toUInt8(transform(kind, {kinds:Array(String)}, range(1, length({kinds:Array(String)}) + 1), 0)) AS kind_code,
                if(kind_code = 0, 0, bitOr(moment, bitShiftLeft(toUInt64(parts = 255 OR bitAnd(parts, 32) = 0), 63))) AS kind_at,
                arrayMap(s -> transform(s, places.1, places.2, toUInt32(63 * 65536)), services) AS there,
                toUInt32(if(empty(services), 0, bitAnd(arrayMin(there), 63 * 65536) + bitAnd(there[1], 65535))) AS place_code,
                toUInt8(multiIf(commits = 0 OR lines = 0, 0, lines <= 50, 1, lines <= 250, 2, lines <= 1000, 3, 4)) AS size_code,
                toUInt8((undoes OR kind = 'rollback') + 2 * (environment NOT IN ('', 'production')) + 4 * arrayExists(s -> xxHash64(toString(s), ms) IN (SELECT start FROM fixing), services)) AS flag
            FROM changes
            WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                AND (key IN (SELECT arrayJoin({movers:Array(UInt64)}))) = {of_movers:Bool}
            UNION ALL
            SELECT
                bitXor(key, xxHash64(source)) AS who, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(toUnixTimestamp64Milli(worked_at) + 2199023255552), 22) AS moment,
                toUInt8(transform(class, {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0)) AS class_code,
                toUInt8(0) AS kind_code, toUInt64(0) AS kind_at, emptyArrayUInt32() AS there, toUInt32(0) AS place_code,
                toUInt8(multiIf(commits = 0 OR lines = 0, 0, lines <= 50, 1, lines <= 250, 2, lines <= 1000, 3, 4)) AS size_code, toUInt8(0) AS flag
            FROM change_wholes
            WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                AND (key IN (SELECT arrayJoin({movers:Array(UInt64)}))) = {of_movers:Bool}
        )
        GROUP BY who
        HAVING bitAnd(flags, 2) = 0 AND bitAnd(last, 31) > 0 AND last >= 32 * {from:Int64} AND last < 32 * {to:Int64}
    )
)
GROUP BY cell, blamed
