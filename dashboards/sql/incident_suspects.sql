SELECT s.rank AS rank, s.probability AS probability, s.change_id AS change, toString(s.change_source) AS source, toString(s.kind) AS kind,
    arrayStringConcat(s.services, ', ') AS services, toString(v.decision) AS people_say,
    arrayStringConcat(arrayMap((kind, odds) -> concat(kind, ' ', if(odds >= 0, '+', ''), toString(round(odds, 1))),
        mapKeys(s.log_odds), mapValues(s.log_odds)), ', ') AS evidence
FROM suspects_current AS s
LEFT JOIN verdicts_current AS v ON v.incident = s.incident AND v.change_id = s.change_id AND v.change_source = s.change_source
WHERE s.incident = ${incident:singlequote}
ORDER BY rank LIMIT 20
