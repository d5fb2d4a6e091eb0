-- Messages that could not be decoded, with columns named as those of
-- ClickHouse's own system.dead_letter_queue. A message that is read again from
-- Kafka has the same place and the same digest and collapses.
CREATE TABLE IF NOT EXISTS dead_letters {{.OnCluster}}
(
    event_time       DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    format           LowCardinality(String),
    error            String,
    raw_message      String CODEC(ZSTD(1)),
    kafka_topic_name LowCardinality(String),
    kafka_partition  Int32,
    kafka_offset     Int64,
    kafka_key        String,
    headers          Map(String, String),
    digest           UInt64 COMMENT 'xxHash64 of the message',
    ingested_at      DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Replacing "ingested_at"}}
ORDER BY (kafka_topic_name, kafka_partition, kafka_offset, digest)
{{.TTL "dead_letters" "ingested_at"}}
SETTINGS index_granularity = 256, {{.Settings}};
