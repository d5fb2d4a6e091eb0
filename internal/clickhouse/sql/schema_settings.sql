-- The settings that a table can have on this server.
SELECT name
FROM system.merge_tree_settings
