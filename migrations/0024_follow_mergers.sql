-- Settings of the service that panels count by, told at its start: the newest
-- row of a name counts. Without one the views take the default.
CREATE TABLE IF NOT EXISTS panel_settings {{.OnCluster}}
(
    name      String,
    number    Int64,
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Replacing "stored_at"}}
ORDER BY name
SETTINGS index_granularity = 64, {{.Settings}};

-- What people say of the production incidents that began in a window: the changes
-- that they confirmed, and the standing: confirmed, no_change, rejected or
-- unjudged. The newest word about a change counts; "no change" undoes earlier
-- confirmations; what was said of an incident that was merged into another
-- counts for the other, however many mergers later.
CREATE OR REPLACE VIEW incident_standings {{.OnCluster}} AS
WITH
    newest AS (SELECT id, status, merged_into, started_at, environment FROM incidents ORDER BY revision DESC, stored_at DESC LIMIT 1 BY id),
    (
        SELECT CAST((groupArray(id), groupArray(merged_into)), 'Map(String, String)')
        FROM newest WHERE status = 'merged' AND merged_into != ''
    ) AS mergers,
    moved AS
    (
        SELECT id, arrayFold((at, step) -> if(mapContains(mergers, at), mergers[at], at), range(64), merged_into) AS target
        FROM newest
        WHERE status = 'merged' AND merged_into != ''
    ),
    said AS
    (
        SELECT if(m.target != '', m.target, v.incident) AS incident, toString(v.decision) AS decision, toString(v.change_source) AS change_source, v.change_id AS change_id,
            (v.decided_at, toString(v.id)) AS moment
        FROM verdicts AS v LEFT JOIN moved AS m ON v.incident = m.id
    ),
    named AS
    (
        SELECT incident, change_source, change_id, argMax(decision, moment) AS last, max(moment) AS at
        FROM said WHERE decision != 'no_change' GROUP BY incident, change_source, change_id
    ),
    denied AS (SELECT incident, max(moment) AS at FROM said WHERE decision = 'no_change' GROUP BY incident),
    counted AS
    (
        SELECT n.incident AS incident, n.change_source AS change_source, n.change_id AS change_id, n.last AS last, n.last = 'confirm' AND n.at > d.at AS confirmed
        FROM named AS n LEFT JOIN denied AS d ON n.incident = d.incident
    ),
    summed AS
    (
        SELECT incident, groupArrayIf((change_source, change_id), confirmed) AS causes, countIf(last = 'reject') AS rejected
        FROM counted GROUP BY incident
    )
SELECT
    i.id AS incident, i.started_at AS started_at, s.causes AS causes,
    multiIf(notEmpty(s.causes), 'confirmed', d.incident != '', 'no_change', s.rejected > 0, 'rejected', 'unjudged') AS standing
FROM (SELECT * FROM newest WHERE status != 'merged' AND environment IN ('', 'production')
    AND started_at >= {since:DateTime64(3)} AND started_at < {until:DateTime64(3)}) AS i
LEFT JOIN summed AS s ON s.incident = i.id
LEFT JOIN denied AS d ON d.incident = i.id;

-- The changes that started in a window, with everything that figures count them
-- by, counted as GET /v1/stats/ai-impact counts. Apart says why a change is not
-- compared: it is not of production (elsewhere), undoes another (rollback), was
-- made while an incident of its service went on (during_incident), or has not
-- had the time to fail that the settings give it (immature). Confirmed by a person; suspected by the engine
-- where nobody judged. Used as change_outcomes(since = ..., until = ...).
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
    toString(c.provenance_class) AS class,
    multiIf(class IN ('ai_assisted', 'ai_authored', 'ai_operated', 'ai_advised'), 'AI-assisted',
        class = 'human', 'human', class = 'automation', 'automation', 'unknown') AS class_group,
    arrayMin(arrayFilter(tier -> tier > 0, arrayMap(name -> toUInt8(known.tiers[name]), c.services))) AS tier,
    known.teams[c.services[1]] AS team,
    b.incident != '' AS confirmed,
    s.incident != '' AS suspected,
    c.started_at < now64(3) - toIntervalMillisecond(given.observation_ms) AS matured,
    multiIf(c.environment NOT IN ('', 'production'), 'elsewhere', NOT matured AND (confirmed OR suspected), 'immature', confirmed OR suspected, '',
        c.undoes, 'rollback', f.key != 0, 'during_incident', NOT matured, 'immature', '') AS apart
FROM changes_between(since = {since:DateTime64(3)}, until = {until:DateTime64(3)}) AS c
CROSS JOIN (SELECT CAST((groupArray(name), groupArray(tier)), 'Map(String, UInt8)') AS tiers,
    CAST((groupArray(name), groupArray(toString(team))), 'Map(String, String)') AS teams FROM services_current) AS known
CROSS JOIN (SELECT if(count() = 0, 86400000, argMax(number, stored_at)) AS observation_ms FROM panel_settings WHERE name = 'observation_ms') AS given
LEFT JOIN
(
    SELECT cause.1 AS source, cause.2 AS id, any(incident) AS incident
    FROM (SELECT incident, arrayJoin(causes) AS cause FROM incident_standings(since = {since:DateTime64(3)}, until = {until:DateTime64(3)}))
    GROUP BY source, id
) AS b ON b.source = c.source AND b.id = c.id
LEFT JOIN
(
    SELECT toString(t.change_source) AS source, t.change_id AS id, any(t.incident) AS incident
    FROM suspects_current AS t
    WHERE t.rank = 1 AND t.probability >= 0.5 AND t.incident IN
        (SELECT incident FROM incident_standings(since = {since:DateTime64(3)}, until = {until:DateTime64(3)}) WHERE standing = 'unjudged')
    GROUP BY source, id
) AS s ON s.source = c.source AND s.id = c.id
LEFT JOIN
(
    SELECT DISTINCT t.key AS key
    FROM change_services AS t
    INNER JOIN
    (
        SELECT arrayJoin(services) AS service, started_at AS since_at, least(ifNull(resolved_at, now64(3)), started_at + INTERVAL 1 DAY) AS until_at
        FROM (SELECT services, started_at, resolved_at, status FROM incidents ORDER BY revision DESC, stored_at DESC LIMIT 1 BY id)
        WHERE status != 'merged'
    ) AS i ON t.service = i.service
    WHERE t.started_at > i.since_at AND t.started_at < i.until_at AND t.started_at >= {since:DateTime64(3)} AND t.started_at < {until:DateTime64(3)}
) AS f ON f.key = xxHash64(c.id);
