-- When the changes of each class to some services began, for the chance that one
-- stands before an incident by accident. They are folded as in figures_cells, of
-- all their events: which of them name a service at all is told by the index.
WITH
    (
        SELECT (arrayPushBack(groupArray(who), 0), arrayPushBack(groupArray(word), 0), arrayPushBack(groupArray(label), 0), arrayPushBack(groupArray(label_at), 0))
        FROM
        (
            SELECT bitXor(xxHash64(id), xxHash64(source)) AS who, toUInt8(indexOf({classes:Array(String)}, override_class) + 16 * (override_class != '')) AS word,
                toUInt8(indexOf({classes:Array(String)}, label_class)) AS label, toUInt64(toUnixTimestamp64Milli(labelled_at)) AS label_at
            FROM provenance_decided
        )
    ) AS said,
    asked AS (SELECT arrayJoin({services:Array(String)})),
    touched AS
    (
        SELECT key FROM change_services
        WHERE service IN asked AND started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    )
SELECT service, class, arraySort(groupArray(at)) AS moments
FROM
(
    SELECT
        arrayJoin(arrayDistinct(there)) AS service, at, transform(who, said.1, said.2, toUInt8(0)) AS word,
        toUInt8(multiIf(word > 0, word % 16, class_at > 0, bitAnd(class_at, 255), transform(who, said.1, said.3, toUInt8(0)))) AS class
    FROM
    (
        SELECT
            who, max(if(class_code > 0, moment + class_code, 0)) AS class_at, argMax(services, if(empty(services), 0, moment)) AS there,
            argMax(ms, if(is_event, moment, 0)) AS at, groupBitOr(flag) AS flags, max(is_event) AS begun
        FROM
        (
            SELECT
                bitXor(key, xxHash64(source)) AS who, toUnixTimestamp64Milli(started_at) AS ms, services, true AS is_event,
                bitShiftLeft(toUInt64(least(greatest(toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)), 0), 2199023255551)), 22) AS moment,
                if(toUnixTimestamp64Milli(ingested_at) <= transform(who, said.1, said.4, toUInt64(0)), 0,
                    toUInt8(transform(provenance_class, {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0))) AS class_code,
                toUInt8((undoes OR kind = 'rollback') + 2 * (environment NOT IN ('', 'production'))) AS flag
            FROM changes
            WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                AND key IN (SELECT key FROM touched)
            UNION ALL
            SELECT
                bitXor(key, xxHash64(source)) AS who, toUnixTimestamp64Milli(started_at) AS ms, [] AS services, false AS is_event,
                bitShiftLeft(toUInt64(toUnixTimestamp64Milli(worked_at) + 2199023255552), 22) AS moment,
                toUInt8(transform(class, {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0)) AS class_code, toUInt8(0) AS flag
            FROM change_wholes
            WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                AND key IN (SELECT key FROM touched)
        )
        GROUP BY who
        HAVING flags = 0 AND begun AND at >= {from:Int64} AND at < {to:Int64}
    )
)
WHERE service IN asked
GROUP BY service, class
