-- A user for Grafana that can read Faultline's tables and nothing else. Run it
-- as an administrator of the ClickHouse server, with a password of your own:
-- clickhouse-client --param_password='...' --queries-file reader.sql
-- max_execution_time stays changeable because the plugin sets it on each query, and
-- a plain readonly = 1 makes every panel fail although the connection test passes.
CREATE SETTINGS PROFILE IF NOT EXISTS faultline_reader SETTINGS
    readonly = 1,
    max_execution_time = 30 CHANGEABLE_IN_READONLY,
    max_memory_usage = 4000000000,
    max_result_rows = 100000,
    result_overflow_mode = 'break';
CREATE ROLE IF NOT EXISTS faultline_reader SETTINGS PROFILE 'faultline_reader';
GRANT SELECT ON faultline.* TO faultline_reader;
CREATE USER IF NOT EXISTS grafana_reader IDENTIFIED WITH sha256_password BY {password:String} DEFAULT ROLE faultline_reader;
GRANT faultline_reader TO grafana_reader;
