CREATE TABLE credential_uses (
  access_key TEXT PRIMARY KEY,
  used DOUBLE PRECISION NOT NULL,
  service TEXT NOT NULL,
  region TEXT NOT NULL
);
