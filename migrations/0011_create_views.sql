-- The changes that started in a window, each folded from all its events as the
-- service folds them: the later statement wins field by field, a terminal
-- status never goes back, a named environment outweighs the default. Used as
-- changes_between(since = ..., until = ...).
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
    if(countIf(e.provenance_class NOT IN ('', 'unknown')) = 0, 'unknown',
        argMaxIf(e.provenance_class, e.moment, e.provenance_class NOT IN ('', 'unknown'))) AS provenance_class,
    uniqExact(e.uid) AS events
FROM
(
    SELECT uid, source, id, kind, title, services, environment, regions, started_at, finished_at, status, version,
        actor_type, provenance_class, (ifNull(observed_at, arrived_at), arrived_at, uid) AS moment
    FROM changes
    WHERE started_at >= {since:DateTime64(3)} - INTERVAL 1 HOUR AND started_at < {until:DateTime64(3)} + INTERVAL 1 HOUR
) AS e
GROUP BY source, id
HAVING started_at >= {since:DateTime64(3)} AND started_at < {until:DateTime64(3)};

-- All changes, folded. Prefer changes_between where there is a window.
CREATE OR REPLACE VIEW changes_current {{.OnCluster}} AS
SELECT * FROM changes_between(since = '1970-01-02 00:00:00', until = '2200-01-01 00:00:00');

-- The commits of each event of a change, out of its body.
CREATE OR REPLACE VIEW change_commits {{.OnCluster}} AS
SELECT
    source, id, started_at,
    JSONExtractString(commit, 'sha') AS sha,
    JSONExtractString(commit, 'message') AS message,
    JSONExtractString(commit, 'author', 'login') AS author_login,
    JSONExtractString(commit, 'author', 'email') AS author_email,
    JSONExtractUInt(commit, 'additions') AS additions,
    JSONExtractUInt(commit, 'deletions') AS deletions
FROM
(
    SELECT source, id, started_at, arrayJoin(JSONExtractArrayRaw(body, 'commits')) AS commit
    FROM changes
);

-- Alert episodes, folded: a resolved one never fires again.
CREATE OR REPLACE VIEW alerts_current {{.OnCluster}} AS
SELECT
    e.fingerprint AS fingerprint,
    e.started_at AS started_at,
    argMaxIf(e.source, e.moment, e.source != '') AS source,
    argMaxIf(e.service, e.moment, e.service != '') AS service,
    argMaxIf(e.name, e.moment, e.name != '') AS name,
    argMaxIf(e.region, e.moment, e.region != '') AS region,
    argMaxIf(e.severity, e.moment, e.severity != '') AS severity,
    argMaxIf(e.signal, e.moment, e.signal != '') AS signal,
    argMaxIf(e.summary, e.moment, e.summary != '') AS summary,
    if(countIf(e.status = 'resolved') > 0, 'resolved', 'firing') AS status,
    argMaxIf(e.resolved_at, e.moment, e.resolved_at IS NOT NULL) AS resolved_at
FROM
(
    SELECT fingerprint, started_at, source, service, name, region, severity, signal, summary, status, resolved_at,
        (ifNull(observed_at, arrived_at), arrived_at, uid) AS moment
    FROM alerts
) AS e
GROUP BY fingerprint, started_at;

-- The newest revision of each incident.
CREATE OR REPLACE VIEW incidents_current {{.OnCluster}} AS
SELECT * FROM incidents ORDER BY revision DESC, stored_at DESC LIMIT 1 BY id;

-- The newest finding of each incident.
CREATE OR REPLACE VIEW findings_current {{.OnCluster}} AS
SELECT * FROM findings ORDER BY version DESC, stored_at DESC LIMIT 1 BY incident;

-- The suspects of the newest finding of each incident.
CREATE OR REPLACE VIEW suspects_current {{.OnCluster}} AS
SELECT suspects.* FROM suspects FINAL
INNER JOIN (SELECT incident, max(version) AS version FROM findings GROUP BY incident) AS newest
    ON suspects.incident = newest.incident AND suspects.version = newest.version;

-- Each service as last described, over all sources.
CREATE OR REPLACE VIEW services_current {{.OnCluster}} AS
SELECT
    s.name AS name,
    argMaxIf(s.tier, s.observed_at, s.tier > 0) AS tier,
    argMaxIf(s.team, s.observed_at, s.team != '') AS team,
    argMaxIf(s.environment, s.observed_at, s.environment != '') AS environment,
    argMaxIf(s.lifecycle, s.observed_at, s.lifecycle != '') AS lifecycle,
    max(s.observed_at) AS seen_at
FROM topology_services AS s
GROUP BY name;

-- Each call as last seen, by source.
CREATE OR REPLACE VIEW edges_current {{.OnCluster}} AS
SELECT
    e.caller AS caller,
    e.callee AS callee,
    e.kind AS kind,
    e.source AS source,
    argMax(e.calls_per_second, e.observed_at) AS calls_per_second,
    max(e.observed_at) AS seen_at
FROM topology_edges AS e
GROUP BY caller, callee, kind, source;
