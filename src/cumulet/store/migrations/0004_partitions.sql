CREATE TABLE partitions (
  owner TEXT {bytewise} NOT NULL,
  name TEXT {bytewise} NOT NULL,
  location TEXT NOT NULL,
  form TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (owner, name)
);
CREATE TABLE partition_forms (
  owner TEXT NOT NULL,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (owner, id)
);
CREATE TABLE partition_changes (
  owner TEXT PRIMARY KEY,
  generation BIGINT NOT NULL
);
