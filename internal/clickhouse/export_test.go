package clickhouse

import "context"

// DropDatabase removes the database of a test.
func DropDatabase(ctx context.Context, s *Store) error {
	return s.exec(ctx, s.read, "drop the database", "DROP DATABASE IF EXISTS "+s.cfg.Database+" SYNC")
}

// Exec runs any statement, for tests that damage what the store relies on.
func Exec(ctx context.Context, s *Store, statement string) error {
	return s.exec(ctx, s.read, "test", statement)
}
