SELECT event_time AS at, toString(kafka_topic_name) AS topic, kafka_partition AS partition, kafka_offset AS offset, error, substringUTF8(raw_message, 1, 200) AS message
FROM dead_letters FINAL WHERE $__timeFilter_ms(event_time)
ORDER BY at DESC LIMIT 100
