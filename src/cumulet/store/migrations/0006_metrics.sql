CREATE TABLE metrics (
  id BIGINT PRIMARY KEY,
  scope TEXT {bytewise} NOT NULL,
  namespace TEXT {bytewise} NOT NULL,
  name TEXT {bytewise} NOT NULL,
  dimensions TEXT {bytewise} NOT NULL,
  seen BIGINT NOT NULL,
  UNIQUE (scope, namespace, name, dimensions)
);
CREATE TABLE samples (
  metric BIGINT NOT NULL,
  time BIGINT NOT NULL,
  resolution BIGINT NOT NULL,
  unit TEXT NOT NULL,
  count DOUBLE PRECISION NOT NULL,
  total DOUBLE PRECISION NOT NULL,
  low DOUBLE PRECISION NOT NULL,
  high DOUBLE PRECISION NOT NULL,
  spread TEXT,
  PRIMARY KEY (metric, time, resolution, unit)
);
CREATE INDEX samples_by_time ON samples (resolution, time);
