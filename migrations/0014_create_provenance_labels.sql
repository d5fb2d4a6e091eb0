-- Labels that rules gave again to changes of the past. Only those that differ
-- from what was known before have a row. A label counts for what was stored
-- before it; an event that comes later may tell more.
CREATE TABLE IF NOT EXISTS provenance_labels {{.OnCluster}}
(
    source      LowCardinality(String),
    id          String,
    labelled_at DateTime64(3, 'UTC'),
    rules       LowCardinality(String),
    class       LowCardinality(String),
    provenance  String COMMENT 'the label as JSON' CODEC(ZSTD(1)),
    labelled_by String
)
ENGINE = {{.Replacing ""}}
ORDER BY (source, id, labelled_at)
{{.TTL "changes" "labelled_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};

-- What people and later rules say about the provenance of a change, where they
-- say anything: a person's word (empty when there is none or it was withdrawn),
-- and the newest label with its time.
CREATE OR REPLACE VIEW provenance_decided {{.OnCluster}} AS
SELECT
    d.source AS source,
    d.id AS id,
    argMaxIf(d.class, d.at, d.by_hand = 1) AS override_class,
    argMaxIf(d.class, d.at, d.by_hand = 0) AS label_class,
    maxIf(d.at, d.by_hand = 0) AS labelled_at
FROM
(
    SELECT toString(source) AS source, id, toString(class) AS class, decided_at AS at, 1 AS by_hand FROM provenance_overrides
    UNION ALL
    SELECT toString(source) AS source, id, toString(class) AS class, labelled_at AS at, 0 AS by_hand FROM provenance_labels
) AS d
GROUP BY source, id;

-- The changes that started in a window, as before, with the class that people
-- and later rules gave them.
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
        countIf(e.provenance_class NOT IN ('', 'unknown') AND e.ingested_at > d.labelled_at) > 0,
        argMaxIf(toString(e.provenance_class), e.moment, e.provenance_class NOT IN ('', 'unknown') AND e.ingested_at > d.labelled_at),
        any(d.label_class) != '', any(d.label_class), 'unknown') AS provenance_class,
    uniqExact(e.uid) AS events
FROM
(
    SELECT uid, toString(source) AS source, id, kind, title, services, environment, regions, started_at, finished_at, status, version,
        actor_type, provenance_class, ingested_at, (ifNull(observed_at, arrived_at), arrived_at, uid) AS moment
    FROM changes
    WHERE started_at >= {since:DateTime64(3)} - INTERVAL 1 HOUR AND started_at < {until:DateTime64(3)} + INTERVAL 1 HOUR
) AS e
LEFT JOIN provenance_decided AS d ON e.source = d.source AND e.id = d.id
GROUP BY source, id
HAVING started_at >= {since:DateTime64(3)} AND started_at < {until:DateTime64(3)};
