-- What the sandbox remembers. Later columns are added by the steps in store.py.
CREATE TABLE account (appid TEXT PRIMARY KEY, secret TEXT NOT NULL, name TEXT NOT NULL, profile TEXT NOT NULL);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE token (
    token TEXT PRIMARY KEY, appid TEXT NOT NULL, kind TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL,
    replaced INTEGER NOT NULL DEFAULT 0, forced INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX token_of ON token (appid, kind, created);
CREATE TABLE file (
    id TEXT PRIMARY KEY, appid TEXT NOT NULL, format TEXT NOT NULL, mime TEXT NOT NULL, data BLOB NOT NULL
);
CREATE TABLE media (
    media_id TEXT PRIMARY KEY, appid TEXT NOT NULL, type TEXT NOT NULL, permanent INTEGER NOT NULL, file TEXT NOT NULL,
    name TEXT NOT NULL, url TEXT NOT NULL, created REAL NOT NULL, description TEXT NOT NULL
);
CREATE INDEX media_of ON media (appid, permanent, type, created);
CREATE TABLE draft (
    media_id TEXT PRIMARY KEY, appid TEXT NOT NULL, articles TEXT NOT NULL, traces TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL
);
CREATE INDEX draft_of ON draft (appid, updated);
CREATE TABLE publication (
    publish_id INTEGER PRIMARY KEY AUTOINCREMENT, appid TEXT NOT NULL, media_id TEXT NOT NULL, article_id TEXT NOT NULL,
    way TEXT NOT NULL, msg_data_id INTEGER NOT NULL, submitted REAL NOT NULL, done REAL NOT NULL,
    status INTEGER NOT NULL, articles TEXT NOT NULL, traces TEXT NOT NULL, slugs TEXT NOT NULL, deleted TEXT NOT NULL
);
CREATE INDEX publication_of ON publication (appid, done);
CREATE INDEX publication_article ON publication (article_id);
CREATE TABLE used (
    appid TEXT NOT NULL, what TEXT NOT NULL, period TEXT NOT NULL, calls INTEGER NOT NULL,
    PRIMARY KEY (appid, what, period)
);
CREATE TABLE fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, value REAL NOT NULL, endpoint TEXT NOT NULL,
    remaining INTEGER NOT NULL
);
CREATE TABLE call (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rid TEXT NOT NULL, appid TEXT NOT NULL, at REAL NOT NULL,
    cost_ms INTEGER NOT NULL, ip TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
    request TEXT NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL, errcode INTEGER NOT NULL, fault TEXT NOT NULL
);
CREATE INDEX call_rid ON call (rid)
