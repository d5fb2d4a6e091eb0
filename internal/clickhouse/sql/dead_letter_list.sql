-- The newest messages that could not be used; all of them for no place.
SELECT kafka_topic_name, kafka_partition, kafka_offset, digest, event_time, format, error, raw_message, headers
FROM dead_letters
WHERE {any:UInt8} OR (kafka_topic_name = {topic:String} AND kafka_partition = {partition:Int32} AND kafka_offset = {offset:Int64} AND digest = {digest:UInt64})
ORDER BY event_time DESC, kafka_topic_name, kafka_partition, kafka_offset DESC, digest
LIMIT 1 BY kafka_topic_name, kafka_partition, kafka_offset, digest
LIMIT {limit:UInt32}
