-- The statements that would make the tables as they are now.
SELECT name, create_table_query
FROM system.tables
WHERE database = currentDatabase()
