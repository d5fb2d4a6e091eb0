-- In how many parts the rows of all tables lie.
SELECT count() FROM system.parts WHERE active AND database = currentDatabase()
