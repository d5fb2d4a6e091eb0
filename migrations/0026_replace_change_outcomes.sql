-- The changes that started in a window, with everything that figures count them
-- by, counted as GET /v1/stats/ai-impact counts: as before, but that only the
-- change itself, not another source's of the same id, and only an incident of
-- production, make it a repair. Apart says why a change is not compared: it is
-- not of production (elsewhere), undoes another (rollback), was made while an
-- incident of its service went on (during_incident), or has not had the time to
-- fail that the settings give it (immature). Confirmed by a person; suspected by
-- the engine where nobody judged. Used as change_outcomes(since = ..., until = ...).
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
        c.undoes, 'rollback', f.id != '', 'during_incident', NOT matured, 'immature', '') AS apart
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
    SELECT DISTINCT e.source AS source, e.id AS id
    FROM
    (
        SELECT toString(source) AS source, id, started_at, arrayJoin(services) AS service
        FROM changes
        WHERE started_at >= {since:DateTime64(3)} AND started_at < {until:DateTime64(3)}
    ) AS e
    INNER JOIN
    (
        SELECT arrayJoin(services) AS service, started_at AS since_at, least(ifNull(resolved_at, now64(3)), started_at + INTERVAL 1 DAY) AS until_at
        FROM (SELECT services, environment, started_at, resolved_at, status FROM incidents ORDER BY revision DESC, stored_at DESC LIMIT 1 BY id)
        WHERE status != 'merged' AND environment IN ('', 'production')
    ) AS i ON e.service = i.service
    WHERE e.started_at > i.since_at AND e.started_at < i.until_at
) AS f ON f.source = c.source AND f.id = c.id;
