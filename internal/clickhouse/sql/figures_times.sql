-- When the changes of each class to some services began, for the chance that one
-- stands before an incident by accident. Classes are folded as in figures_cells.
WITH
    (
        SELECT (arrayPushBack(groupArray(who), 0), arrayPushBack(groupArray(word), 0), arrayPushBack(groupArray(label), 0), arrayPushBack(groupArray(label_at), 0))
        FROM
        (
            SELECT bitXor(xxHash64(id), xxHash64(source)) AS who, toUInt8(indexOf({classes:Array(String)}, override_class) + 16 * (override_class != '')) AS word,
                toUInt8(indexOf({classes:Array(String)}, label_class)) AS label, toUInt64(toUnixTimestamp64Milli(labelled_at)) AS label_at
            FROM provenance_decided
        )
    ) AS said
SELECT service, class, arraySort(groupArray(at)) AS moments
FROM
(
    SELECT
        service, at, transform(who, said.1, said.2, toUInt8(0)) AS word,
        toUInt8(multiIf(word > 0, word % 16, class_at > 0, bitAnd(class_at, 255), transform(who, said.1, said.3, toUInt8(0)))) AS class
    FROM
    (
        SELECT who, service, maxIf(moment + class_code, class_code > 0) AS class_at, argMax(ms, moment) AS at, max(undone) AS rolled, max(elsewhere) AS not_here
        FROM
        (
            SELECT
                bitXor(key, xxHash64(source)) AS who, arrayJoin(services) AS service, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(least(greatest(toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)), 0), 2199023255551)), 22) AS moment,
                if(toUnixTimestamp64Milli(ingested_at) <= transform(who, said.1, said.4, toUInt64(0)), 0,
                    toUInt8(transform(toString(provenance_class), {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0))) AS class_code,
                undoes OR kind = 'rollback' AS undone, environment NOT IN ('', 'production') AS elsewhere
            FROM changes
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
            UNION ALL
            SELECT
                bitXor(key, xxHash64(source)) AS who, arrayJoin(services) AS service, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(toUnixTimestamp64Milli(worked_at) + 2199023255552), 22) AS moment,
                toUInt8(transform(toString(class), {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0)) AS class_code,
                false AS undone, false AS elsewhere
            FROM change_wholes
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        )
        WHERE service IN (SELECT arrayJoin({services:Array(String)}))
        GROUP BY who, service
        HAVING rolled = 0 AND not_here = 0
    )
)
GROUP BY service, class
