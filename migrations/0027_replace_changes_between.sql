-- The changes that started in a window, as before. A kind that its sender did not
-- tell (32 in parts) gives way to any that is told.
CREATE OR REPLACE VIEW changes_between {{.OnCluster}} AS
SELECT
    e.source AS source,
    e.id AS id,
    argMaxIf(e.kind, (e.tells_kind, e.moment), e.kind != '') AS kind,
    argMaxIf(e.title, e.moment, e.title != '') AS title,
    argMaxIf(e.services, e.moment, notEmpty(e.services)) AS services,
    if(countIf(e.environment != '') > 0, argMaxIf(e.environment, e.moment, e.environment != ''), 'production') AS environment,
    argMaxIf(e.regions, e.moment, notEmpty(e.regions)) AS regions,
    if(countIf(e.tells_start) > 0, argMaxIf(e.started_at, e.moment, e.tells_start), argMin(e.started_at, e.moment)) AS started_at,
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
        actor_type, provenance_class, undoes, ingested_at, parts = 255 OR bitAnd(parts, 16) = 0 AS tells_start,
        parts = 255 OR bitAnd(parts, 32) = 0 AS tells_kind, (ifNull(observed_at, arrived_at), arrived_at, uid) AS moment
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
