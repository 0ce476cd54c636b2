CREATE TABLE records (
  kind TEXT {bytewise} NOT NULL,
  scope TEXT {bytewise} NOT NULL,
  name TEXT {bytewise} NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, scope, name)
);
CREATE TABLE credentials (
  access_key TEXT PRIMARY KEY,
  secret TEXT NOT NULL,
  token TEXT NOT NULL,
  account TEXT NOT NULL,
  arn TEXT NOT NULL,
  user_id TEXT NOT NULL,
  expires DOUBLE PRECISION,
  active INTEGER NOT NULL
);
CREATE TABLE queue (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  caller TEXT NOT NULL,
  payload TEXT NOT NULL,
  state TEXT NOT NULL,
  due DOUBLE PRECISION NOT NULL,
  attempt INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  error TEXT NOT NULL
);
CREATE INDEX queue_by_state ON queue (state, due);
