WITH 1.959963984540054 AS z
SELECT t.1 AS comparison, t.2 AS ratio, exp(log(ratio) - z * t.3) AS low, exp(log(ratio) + z * t.3) AS high, t.4 AS strata_used,
    events_ai + events_human AS events, if(least(events_ai, events_human) < 5, 'insufficient data', 'associated, not caused') AS note
FROM
(
    SELECT sum(a) AS events_ai, sum(n1) AS changes_ai, sum(b) AS events_human, sum(n0) AS changes_human,
        sum(a * n0 / n) AS r, sum(b * n1 / n) AS s, sum((n1 * n0 * (a + b) - a * b * n) / (n * n)) AS p,
        arrayJoin([
            ('crude', (events_ai / changes_ai) / (events_human / changes_human),
                sqrt(1 / events_ai - 1 / changes_ai + 1 / events_human - 1 / changes_human), toUInt64(1)),
            ('same tier, kind and team', r / s, sqrt(p / (r * s)), countIf(n1 > 0 AND n0 > 0))]) AS t
    FROM
    (
        SELECT o.kind AS kind, ifNull(o.tier, 0) AS tier, o.team AS team,
            toFloat64(countIf(o.class_group = 'AI-assisted' AND o.confirmed)) AS a, toFloat64(countIf(o.class_group = 'AI-assisted')) AS n1,
            toFloat64(countIf(o.class_group = 'human' AND o.confirmed)) AS b, toFloat64(countIf(o.class_group = 'human')) AS n0, n1 + n0 AS n
        FROM change_outcomes(since = $__fromTime_ms, until = $__toTime_ms) AS o
        WHERE o.apart = '' AND o.class_group IN ('AI-assisted', 'human')
        GROUP BY kind, tier, team
    )
)
ORDER BY comparison LIMIT 2
