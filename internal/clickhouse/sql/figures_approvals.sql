-- The AI-assisted changes of a stretch of time, counted by approval, kind, tier
-- and size, with a sample of how long they took and how large their batches were.
-- They are folded as in figures_cells. Which approvals count was worked out when
-- they were stored; here it is told which of them are a senior's. Only changes of
-- which anything says that AI had a part are folded: the others are most.
WITH
    (
        SELECT (arrayPushBack(groupArray(name), ''), arrayPushBack(groupArray(rank), toUInt8(63)))
        FROM (SELECT name, toUInt8(if(tier = 0, 63, least(tier, 62))) AS rank FROM services_current)
    ) AS tiers,
    (arrayPushBack({levels:Array(String)}, '\n'), arrayWithConstant(length({levels:Array(String)}) + 1, toUInt8(1))) AS levels,
    (arrayPushBack({machines:Array(String)}, '\n'), arrayWithConstant(length({machines:Array(String)}) + 1, toUInt8(1))) AS machines,
    decided AS
    (
        SELECT bitXor(xxHash64(id), xxHash64(source)) AS who, toUInt8(indexOf({classes:Array(String)}, override_class) + 16 * (override_class != '')) AS word,
            toUInt8(indexOf({classes:Array(String)}, label_class)) AS label, toUInt64(toUnixTimestamp64Milli(labelled_at)) AS label_at
        FROM provenance_decided
    ),
    (
        SELECT (arrayPushBack(groupArray(who), 0), arrayPushBack(groupArray(word), 0), arrayPushBack(groupArray(label), 0), arrayPushBack(groupArray(label_at), 0))
        FROM decided
    ) AS said,
    touched AS
    (
        SELECT bitXor(key, xxHash64(source)) AS who FROM changes
        WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
            AND transform(provenance_class, {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0) BETWEEN 2 AND 5
        UNION ALL
        SELECT bitXor(key, xxHash64(source)) AS who FROM change_wholes
        WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
            AND transform(class, {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0) BETWEEN 2 AND 5
        UNION ALL
        SELECT who FROM decided WHERE word % 16 BETWEEN 2 AND 5 OR label BETWEEN 2 AND 5
    )
SELECT
    kind_code, size, tier, approval, count() AS n, groupArrayIf(who, is_confirmed) AS confirmed_keys,
    groupArraySampleIf(300, 1)(lead, lead > 0) AS leads,
    groupArraySampleIf(300, 1)(batch, batch > 0) AS batches,
    groupArraySampleIf(300, 1)(changed, changed > 0) AS line_counts
FROM
(
    SELECT
        who, toUInt8(bitAnd(last, 31)) AS kind_code, toUInt8(bitAnd(tier_at, 63) % 63) AS tier, toUInt8(bitAnd(approval_at, 3)) AS approval,
        toUInt32(bitAnd(carried, 4194303)) AS changed, toUInt32(bitAnd(bitShiftRight(carried, 22), 1048575)) AS batch, toUInt32(60 * bitShiftRight(carried, 42)) AS lead,
        toUInt8(multiIf(changed = 0, 0, changed <= 50, 1, changed <= 250, 2, changed <= 1000, 3, 4)) AS size,
        transform(who, said.1, said.2, toUInt8(0)) AS word,
        multiIf(word > 0, word % 16, class_at > 0, bitAnd(class_at, 15), transform(who, said.1, said.3, toUInt8(0))) AS class,
        who IN (SELECT arrayJoin({confirmed:Array(UInt64)})) AS is_confirmed
    FROM
    (
        SELECT
            who, max(if(class_code > 0, moment + class_code, 0)) AS class_at, max(if(tier_code > 0, moment + tier_code, 0)) AS tier_at,
            max(if(tells, moment + approved, 0)) AS approval_at, argMax(batch_code, if(commits > 0, moment, 0)) AS carried,
            argMax(32 * ms + kind_code, kind_at) AS last, groupBitOr(flag) AS flags
        FROM
        (
            SELECT
                bitXor(key, xxHash64(source)) AS who, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(least(greatest(toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)), 0), 2199023255551)), 22) AS moment,
                if(toUnixTimestamp64Milli(ingested_at) <= transform(who, said.1, said.4, toUInt64(0)), 0,
                    toUInt8(transform(provenance_class, {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0))) AS class_code,
                toUInt8(transform(kind, {kinds:Array(String)}, range(1, length({kinds:Array(String)}) + 1), 0)) AS kind_code,
                if(kind_code = 0, 0, bitOr(moment, bitShiftLeft(toUInt64(parts = 255 OR bitAnd(parts, 32) = 0), 63))) AS kind_at,
                toUInt8(if(empty(services), 0, arrayMin(arrayMap(s -> transform(s, tiers.1, tiers.2, toUInt8(63)), services)))) AS tier_code,
                toUInt8(arrayMax(arrayMap(a -> if(transform(substringIndex(a, '\n', -1), machines.1, machines.2, toUInt8(0)) = 1, 0,
                    1 + transform(substringIndex(a, '\n', 1), levels.1, levels.2, toUInt8(0))), approvals))) AS approved,
                bitAnd(parts, 6) != 0 AS tells, commits,
                toUInt64(least(lines, 4194303)) + bitShiftLeft(toUInt64(least(commits, 1048575)), 22) + bitShiftLeft(toUInt64(least(intDiv(lead_seconds, 60), 4194303)), 42) AS batch_code,
                toUInt8((undoes OR kind = 'rollback') + 2 * (environment NOT IN ('', 'production'))) AS flag
            FROM changes
            WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                AND (key IN (SELECT arrayJoin({movers:Array(UInt64)}))) = {of_movers:Bool}
                AND who IN (SELECT who FROM touched)
            UNION ALL
            SELECT
                bitXor(key, xxHash64(source)) AS who, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(toUnixTimestamp64Milli(worked_at) + 2199023255552), 22) AS moment,
                toUInt8(transform(class, {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0)) AS class_code,
                toUInt8(0) AS kind_code, toUInt64(0) AS kind_at, toUInt8(0) AS tier_code,
                toUInt8(arrayMax(arrayMap(a -> if(transform(substringIndex(a, '\n', -1), machines.1, machines.2, toUInt8(0)) = 1, 0,
                    1 + transform(substringIndex(a, '\n', 1), levels.1, levels.2, toUInt8(0))), approvals))) AS approved,
                true AS tells, commits,
                toUInt64(least(lines, 4194303)) + bitShiftLeft(toUInt64(least(commits, 1048575)), 22) + bitShiftLeft(toUInt64(least(intDiv(lead_seconds, 60), 4194303)), 42) AS batch_code,
                toUInt8(0) AS flag
            FROM change_wholes
            WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                AND (key IN (SELECT arrayJoin({movers:Array(UInt64)}))) = {of_movers:Bool}
                AND who IN (SELECT who FROM touched)
        )
        GROUP BY who
        HAVING flags = 0 AND bitAnd(last, 31) > 0 AND last >= 32 * {from:Int64} AND last < 32 * {to:Int64} AND last < 32 * {mature:Int64} + 32
    )
)
WHERE class BETWEEN 2 AND 5
GROUP BY kind_code, size, tier, approval
