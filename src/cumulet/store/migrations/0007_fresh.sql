CREATE TABLE fresh (
  blob TEXT PRIMARY KEY,
  bucket TEXT NOT NULL,
  key {blob} NOT NULL,
  bytes {blob} NOT NULL
);
