CREATE TABLE line_streams (
  journal TEXT {bytewise} NOT NULL,
  stream TEXT {bytewise} NOT NULL,
  created BIGINT NOT NULL,
  first BIGINT,
  last BIGINT,
  ingested BIGINT,
  size BIGINT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (journal, stream)
);
CREATE TABLE lines (
  journal TEXT {bytewise} NOT NULL,
  stream TEXT {bytewise} NOT NULL,
  time BIGINT NOT NULL,
  id BIGINT NOT NULL,
  ingested BIGINT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (journal, stream, time, id)
);
CREATE INDEX lines_by_time ON lines (journal, time, id);
CREATE TABLE events (
  id BIGINT PRIMARY KEY,
  time DOUBLE PRECISION NOT NULL,
  kind TEXT NOT NULL,
  scope TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX events_by_scope ON events (scope, id);
