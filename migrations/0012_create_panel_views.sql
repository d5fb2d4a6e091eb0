-- Views for people's panels: what was decided, and what came of each change.

-- What people decided last about each suspect of an incident. A "no change"
-- verdict names no change and stands for the whole incident.
CREATE OR REPLACE VIEW verdicts_current {{.OnCluster}} AS
SELECT * FROM verdicts FINAL
ORDER BY decided_at DESC, id DESC
LIMIT 1 BY incident, change_source, change_id;

-- The changes that started in a window, with the tier of their most critical
-- service, their class in five groups (a person's word before the rules'), and
-- whether an incident has been laid on them: by a person (confirmed), or by the
-- engine alone (suspected: first suspect with a probability of one half or
-- more). A change has matured a day after it took effect; before that it has not
-- had the time to fail. Used as change_outcomes(since = ..., until = ...).
CREATE OR REPLACE VIEW change_outcomes {{.OnCluster}} AS
SELECT
    c.source AS source,
    c.id AS id,
    c.kind AS kind,
    c.title AS title,
    c.services AS services,
    c.environment AS environment,
    c.status AS status,
    c.started_at AS started_at,
    c.finished_at AS finished_at,
    if(o.class != '', o.class, toString(c.provenance_class)) AS class,
    multiIf(class IN ('ai_assisted', 'ai_authored', 'ai_operated', 'ai_advised'), 'AI-assisted',
        class = 'human', 'human', class = 'automation', 'automation', 'unknown') AS class_group,
    arrayMin(arrayFilter(tier -> tier > 0, arrayMap(name -> toUInt8(tiers.by_name[name]), c.services))) AS tier,
    v.incident != '' AS confirmed,
    s.incident != '' AS suspected,
    c.started_at < now() - INTERVAL 1 DAY AS matured
FROM changes_between(since = {since:DateTime64(3)}, until = {until:DateTime64(3)}) AS c
CROSS JOIN (SELECT CAST((groupArray(name), groupArray(tier)), 'Map(String, UInt8)') AS by_name FROM services_current) AS tiers
LEFT JOIN (SELECT source, id, argMax(class, decided_at) AS class FROM provenance_overrides GROUP BY source, id) AS o
    ON o.source = c.source AND o.id = c.id
LEFT JOIN (SELECT change_source, change_id, any(incident) AS incident FROM verdicts_current WHERE decision = 'confirm'
    GROUP BY change_source, change_id) AS v ON v.change_source = c.source AND v.change_id = c.id
LEFT JOIN (SELECT change_source, change_id, any(incident) AS incident FROM suspects_current WHERE rank = 1 AND probability >= 0.5
    GROUP BY change_source, change_id) AS s ON s.change_source = c.source AND s.change_id = c.id;
