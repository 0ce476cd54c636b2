CREATE TABLE objects (
  bucket TEXT {bytewise} NOT NULL,
  key {blob} NOT NULL,
  version TEXT NOT NULL,
  rank BIGINT NOT NULL,
  listed INTEGER NOT NULL,
  marker INTEGER NOT NULL,
  size BIGINT NOT NULL,
  etag TEXT NOT NULL,
  modified DOUBLE PRECISION NOT NULL,
  blob TEXT NOT NULL,
  storage TEXT NOT NULL,
  checksum TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE UNIQUE INDEX objects_listed ON objects (bucket, key) WHERE listed = 1;
CREATE UNIQUE INDEX objects_unlisted ON objects (bucket, key, rank) WHERE listed = 0;
CREATE TABLE uploads (
  bucket TEXT {bytewise} NOT NULL,
  key {blob} NOT NULL,
  id TEXT {bytewise} NOT NULL,
  begun DOUBLE PRECISION NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (bucket, key, id)
);
CREATE TABLE parts (
  upload TEXT {bytewise} NOT NULL,
  number INTEGER NOT NULL,
  size BIGINT NOT NULL,
  etag TEXT NOT NULL,
  modified DOUBLE PRECISION NOT NULL,
  blob TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (upload, number)
);
