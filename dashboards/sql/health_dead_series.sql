SELECT $__timeInterval_ms(event_time) AS time, toString(kafka_topic_name) AS topic, count() AS dead_letters
FROM dead_letters FINAL WHERE $__timeFilter_ms(event_time)
GROUP BY time, topic ORDER BY time
