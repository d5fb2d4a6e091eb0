-- The changes that started in a window, as before, with what was worked out of
-- them as wholes: a deployment has the class of the commits that it carries.
CREATE OR REPLACE VIEW changes_between {{.OnCluster}} AS
SELECT
    e.source AS source,
    e.id AS id,
    argMaxIf(e.kind, e.moment, e.kind != '') AS kind,
    argMaxIf(e.title, e.moment, e.title != '') AS title,
    argMaxIf(e.services, e.moment, notEmpty(e.services)) AS services,
    if(countIf(e.environment NOT IN ('', 'production')) > 0,
        argMaxIf(e.environment, e.moment, e.environment NOT IN ('', 'production')), max(e.environment)) AS environment,
    argMaxIf(e.regions, e.moment, notEmpty(e.regions)) AS regions,
    argMax(e.started_at, e.moment) AS started_at,
    argMaxIf(e.finished_at, e.moment, e.finished_at IS NOT NULL) AS finished_at,
    if(countIf(e.status NOT IN ('', 'in_progress')) > 0,
        argMaxIf(e.status, e.moment, e.status NOT IN ('', 'in_progress')), max(e.status)) AS status,
    argMaxIf(e.version, e.moment, e.version != '') AS version,
    argMaxIf(e.actor_type, e.moment, e.actor_type != '') AS actor_type,
    multiIf(any(d.override_class) != '', any(d.override_class),
        any(w.class) NOT IN ('', 'unknown'), any(w.class),
        countIf(e.provenance_class NOT IN ('', 'unknown') AND e.ingested_at > d.labelled_at) > 0,
        argMaxIf(toString(e.provenance_class), e.moment, e.provenance_class NOT IN ('', 'unknown') AND e.ingested_at > d.labelled_at),
        any(d.label_class) != '', any(d.label_class), 'unknown') AS provenance_class,
    max(e.undoes OR e.kind = 'rollback') AS undoes,
    uniqExact(e.uid) AS events
FROM
(
    SELECT uid, toString(source) AS source, id, kind, title, services, environment, regions, started_at, finished_at, status, version,
        actor_type, provenance_class, undoes, ingested_at, (ifNull(observed_at, arrived_at), arrived_at, uid) AS moment
    FROM changes
    WHERE started_at >= {since:DateTime64(3)} - INTERVAL 1 HOUR AND started_at < {until:DateTime64(3)} + INTERVAL 1 HOUR
) AS e
LEFT JOIN provenance_decided AS d ON e.source = d.source AND e.id = d.id
LEFT JOIN
(
    SELECT toString(t.source) AS source, t.id AS id, argMax(toString(t.class), t.worked_at) AS class
    FROM change_wholes AS t
    WHERE t.started_at >= {since:DateTime64(3)} - INTERVAL 1 HOUR AND t.started_at < {until:DateTime64(3)} + INTERVAL 1 HOUR
    GROUP BY source, id
) AS w ON e.source = w.source AND e.id = w.id
GROUP BY source, id
HAVING started_at >= {since:DateTime64(3)} AND started_at < {until:DateTime64(3)};

-- What people say of the production incidents that began in a window: the changes
-- that they confirmed, and the standing: confirmed, no_change, rejected or
-- unjudged. The newest word about a change counts; "no change" undoes earlier
-- confirmations; what was said of an incident that was merged into another
-- counts for the other.
CREATE OR REPLACE VIEW incident_standings {{.OnCluster}} AS
WITH
    newest AS (SELECT id, status, merged_into, started_at, environment FROM incidents ORDER BY revision DESC, stored_at DESC LIMIT 1 BY id),
    moved AS
    (
        SELECT a.id AS id, if(b.status = 'merged' AND b.merged_into != '', b.merged_into, a.merged_into) AS target
        FROM newest AS a LEFT JOIN newest AS b ON a.merged_into = b.id
        WHERE a.status = 'merged' AND a.merged_into != ''
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
-- had a day to fail (immature). Confirmed by a person; suspected by the engine
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
    c.started_at < now() - INTERVAL 1 DAY AS matured,
    multiIf(c.environment NOT IN ('', 'production'), 'elsewhere', NOT matured AND (confirmed OR suspected), 'immature', confirmed OR suspected, '',
        c.undoes, 'rollback', f.key != 0, 'during_incident', NOT matured, 'immature', '') AS apart
FROM changes_between(since = {since:DateTime64(3)}, until = {until:DateTime64(3)}) AS c
CROSS JOIN (SELECT CAST((groupArray(name), groupArray(tier)), 'Map(String, UInt8)') AS tiers,
    CAST((groupArray(name), groupArray(toString(team))), 'Map(String, String)') AS teams FROM services_current) AS known
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
        FROM (SELECT services, started_at, resolved_at FROM incidents WHERE status != 'merged' ORDER BY revision DESC LIMIT 1 BY id)
    ) AS i ON t.service = i.service
    WHERE t.started_at > i.since_at AND t.started_at < i.until_at AND t.started_at >= {since:DateTime64(3)} AND t.started_at < {until:DateTime64(3)}
) AS f ON f.key = xxHash64(c.id);
