-- The newest messages that could not be used, each with its beginning; or the one
-- of a place, whole. Which ones that are is told by their places alone: sorting
-- all of them by their bytes as well would take as much memory as they have.
SELECT kafka_topic_name, kafka_partition, kafka_offset, digest, event_time, format, error,
    if({any:UInt8}, left(raw_message, 16384), raw_message), length(raw_message), headers
FROM dead_letters
WHERE (kafka_topic_name, kafka_partition, kafka_offset, digest) IN
(
    SELECT kafka_topic_name, kafka_partition, kafka_offset, digest
    FROM dead_letters
    WHERE {any:UInt8} OR (kafka_topic_name = {topic:String} AND kafka_partition = {partition:Int32} AND kafka_offset = {offset:Int64} AND digest = {digest:UInt64})
    ORDER BY event_time DESC, kafka_topic_name, kafka_partition, kafka_offset DESC, digest
    LIMIT 1 BY kafka_topic_name, kafka_partition, kafka_offset, digest
    LIMIT {limit:UInt32}
)
ORDER BY event_time DESC, kafka_topic_name, kafka_partition, kafka_offset DESC, digest
LIMIT 1 BY kafka_topic_name, kafka_partition, kafka_offset, digest
