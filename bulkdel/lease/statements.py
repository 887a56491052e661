"""What is kept in PostgreSQL, and every statement over it.

    bulkdel.run ── has ─▶ shard ── is owned by ─▶ session

A shard is its owner's while the session's row is there. Whoever takes removes the sessions that
have been over for their grace; a renewal finds its row or none. So no statement needs to look at
another session's clock, and none that waited for a row can bring back one that was removed.

All takes, and whatever else changes owners or shares, come one after another: `ONE_AT_A_TIME`.
"""

from __future__ import annotations

from typing import Final

STORE_VERSION: Final = 1

ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(20771301)"

IS_MADE: Final = "SELECT to_regnamespace('bulkdel') IS NOT NULL, to_regclass('bulkdel.store')"
MAKE_SCHEMA: Final = "CREATE SCHEMA bulkdel"
MAKE: Final = """
CREATE FUNCTION bulkdel.moment() RETURNS timestamptz LANGUAGE sql AS 'SELECT clock_timestamp()';
CREATE FUNCTION bulkdel.seconds(float8) RETURNS interval IMMUTABLE LANGUAGE sql
    AS 'SELECT $1 * interval ''1 second''';
-- Not that of the last checkpoint: that is the old one for a while after a promotion.
CREATE FUNCTION bulkdel.timeline() RETURNS text LANGUAGE sql
    AS 'SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)';
CREATE FUNCTION bulkdel.ago(float8) RETURNS timestamptz LANGUAGE sql
    AS 'SELECT bulkdel.moment() - bulkdel.seconds($1)';
CREATE FUNCTION bulkdel.is_open(state text, let_go timestamptz, command_began float8)
    RETURNS boolean LANGUAGE sql
    AS 'SELECT state = ''free'' OR state = ''ended'' AND let_go < to_timestamp(command_began)';
CREATE TABLE bulkdel.store (version int NOT NULL, timeline text NOT NULL, rests timestamptz);
CREATE TABLE bulkdel.run (
    run_id text PRIMARY KEY, folder text NOT NULL, paused_by text,
    rates jsonb NOT NULL DEFAULT '{}');
CREATE TABLE bulkdel.session (
    id text PRIMARY KEY, run_id text NOT NULL, host text NOT NULL, pid int NOT NULL,
    version text NOT NULL, lease_s float8 NOT NULL, grace_s float8 NOT NULL,
    began timestamptz NOT NULL, expires timestamptz NOT NULL, dead boolean NOT NULL DEFAULT false,
    looked timestamptz, room float8 NOT NULL DEFAULT 0, asked_back timestamptz);
CREATE TABLE bulkdel.shard (
    run_id text NOT NULL REFERENCES bulkdel.run, name text COLLATE "C" NOT NULL,
    apps text[] NOT NULL, qps float8 NOT NULL, slice_of text NOT NULL, target_qps float8 NOT NULL,
    state text NOT NULL DEFAULT 'free', epoch int NOT NULL DEFAULT 0, owner text,
    taken timestamptz, let_go timestamptz NOT NULL,
    share float8 NOT NULL DEFAULT 0, used float8 NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, name));
CREATE INDEX ON bulkdel.shard (owner);
CREATE VIEW bulkdel.busy AS
    SELECT run_id, app, folder FROM bulkdel.shard JOIN bulkdel.run USING (run_id),
        unnest(apps) AS app
    WHERE owner IS NOT NULL OR epoch > 0 AND let_go > bulkdel.ago(1.05);
"""
FIRST: Final = "INSERT INTO bulkdel.store VALUES (%(version)s, bulkdel.timeline(), NULL)"
VERSION: Final = "SELECT version FROM bulkdel.store"
NOW: Final = "SELECT extract(epoch FROM bulkdel.moment())::float8"

REGISTER_RUN: Final = """
INSERT INTO bulkdel.run (run_id, folder) VALUES (%(run)s, %(folder)s)
ON CONFLICT (run_id) DO UPDATE SET folder = excluded.folder
"""
ELSEWHERE: Final = """
SELECT host FROM bulkdel.run JOIN bulkdel.session USING (run_id)
WHERE folder = %(folder)s AND run_id <> %(run)s AND expires > bulkdel.moment() LIMIT 1
"""
REGISTER_SHARDS: Final = """
INSERT INTO bulkdel.shard (run_id, name, apps, qps, slice_of, target_qps, epoch, let_go)
SELECT %(run)s, name, apps, qps, slice_of, target_qps, epoch, bulkdel.moment()
FROM jsonb_to_recordset(%(shards)s)
    AS row (name text, apps text[], qps float8, slice_of text, target_qps float8, epoch int)
ON CONFLICT (run_id, name) DO UPDATE SET epoch = excluded.epoch
WHERE bulkdel.shard.epoch < excluded.epoch
"""

OTHER_VERSION: Final = """
SELECT version, host FROM bulkdel.session
WHERE run_id = %(run)s AND version <> %(version)s AND expires > bulkdel.moment() LIMIT 1
"""
JOIN: Final = """
INSERT INTO bulkdel.session
    (id, run_id, host, pid, version, lease_s, grace_s, began, expires)
SELECT %(me)s, %(run)s, %(host)s, %(pid)s, %(version)s, %(lease)s, %(grace)s, now,
       now + bulkdel.seconds(%(lease)s) FROM (SELECT bulkdel.moment() AS now) AS clock
"""
RENEW: Final = """
UPDATE bulkdel.session SET expires = bulkdel.moment() + bulkdel.seconds(lease_s)
WHERE id = %(me)s AND expires > bulkdel.moment()
"""
MINE: Final = "SELECT name, epoch FROM bulkdel.shard WHERE owner = %(me)s"
LEAVE: Final = "DELETE FROM bulkdel.session WHERE id = %(me)s"
DEAD: Final = """
UPDATE bulkdel.session SET dead = true, expires = least(expires, bulkdel.moment())
WHERE id = %(me)s
"""
FREE_SHARDS: Final = """
UPDATE bulkdel.shard SET owner = NULL, let_go = bulkdel.moment() WHERE owner = %(me)s
"""

REST: Final = """
UPDATE bulkdel.store SET timeline = bulkdel.timeline(), rests = bulkdel.moment() + bulkdel.seconds(
    greatest(%(rest)s, (SELECT max(lease_s + grace_s) FROM bulkdel.session)))
WHERE timeline <> bulkdel.timeline()
"""
RESTS: Final = """
SELECT extract(epoch FROM rests - bulkdel.moment())::float8 FROM bulkdel.store
WHERE rests > bulkdel.moment()
"""
REMOVE_SESSIONS: Final = """
WITH over AS (DELETE FROM bulkdel.session
              WHERE expires + bulkdel.seconds(grace_s) < bulkdel.moment()
                 OR dead AND host = %(host)s RETURNING id)
UPDATE bulkdel.shard SET owner = NULL, let_go = bulkdel.moment()
FROM over WHERE owner = over.id
"""
LIVES: Final = """
SELECT 1 FROM bulkdel.session WHERE id = %(me)s AND expires > bulkdel.moment() FOR UPDATE
"""
UNHELD: Final = """
UPDATE bulkdel.shard SET epoch = epoch + 1 WHERE owner = %(me)s AND name =
    (SELECT min(name) FROM bulkdel.shard WHERE owner = %(me)s AND name <> ALL (%(held)s))
RETURNING name, epoch
"""
"""With an epoch of its own: what was said of it before, and comes late, is no word about it now."""
COUNTS: Final = """
SELECT count(*), count(*) FILTER (WHERE owner = %(me)s), count(*) FILTER (WHERE owner IS NOT NULL),
       count(*) FILTER (WHERE owner IS NULL AND bulkdel.is_open(state, let_go, %(began)s)),
       (SELECT count(*) FROM bulkdel.session
        WHERE run_id = %(run)s AND expires > bulkdel.moment())
FROM bulkdel.shard WHERE run_id = %(run)s
"""
CHOOSE: Final = """
SELECT name FROM bulkdel.shard
WHERE run_id = %(run)s AND owner IS NULL AND bulkdel.is_open(state, let_go, %(began)s)
  AND (qps <= %(room)s OR %(none_held)s)
  AND (%(under_fair)s OR let_go < bulkdel.ago(%(idle)s))
  AND NOT apps && (SELECT coalesce(array_agg(app), '{}') FROM bulkdel.busy WHERE run_id <> %(run)s)
ORDER BY name LIMIT 1 FOR UPDATE SKIP LOCKED
"""
TAKE: Final = """
UPDATE bulkdel.shard SET owner = %(me)s, epoch = epoch + 1, state = 'free',
    taken = bulkdel.moment(), share = 0, used = CASE
        WHEN let_go > bulkdel.ago(%(second)s) THEN used ELSE 0 END
WHERE run_id = %(run)s AND name = %(name)s RETURNING epoch, slice_of <> ''
"""
LOOKED: Final = """
UPDATE bulkdel.session SET looked = bulkdel.moment(), room = %(room)s WHERE id = %(me)s
"""
IN_THE_WAY: Final = """
SELECT app, folder FROM bulkdel.shard JOIN bulkdel.busy ON app = ANY (apps)
WHERE shard.run_id = %(run)s AND busy.run_id <> %(run)s AND owner IS NULL
  AND bulkdel.is_open(state, let_go, %(began)s) ORDER BY name LIMIT 1
"""
GIVE_BACK: Final = """
UPDATE bulkdel.shard SET owner = NULL, let_go = bulkdel.moment(), state = %(state)s,
    epoch = epoch - %(uncounted)s
WHERE run_id = %(run)s AND name = %(name)s AND owner = %(me)s AND epoch = %(epoch)s
"""

ORDERS: Final = "SELECT paused_by, rates FROM bulkdel.run WHERE run_id = %(run)s"
TOO_MANY: Final = """
WITH held AS (
    SELECT session.id, looked, room, count(shard.name) AS shards
    FROM bulkdel.session LEFT JOIN bulkdel.shard ON owner = session.id
    WHERE session.run_id = %(run)s AND expires > bulkdel.moment() GROUP BY session.id),
mine AS (SELECT shards FROM held WHERE id = %(me)s),
youngest AS (SELECT name, qps FROM bulkdel.shard WHERE owner = %(me)s
             ORDER BY taken DESC, name DESC LIMIT 1)
UPDATE bulkdel.session SET asked_back = bulkdel.moment() FROM youngest, mine
WHERE id = %(me)s AND mine.shards > (SELECT ceil(sum(shards) / count(*)) FROM held)
  AND coalesce(asked_back < bulkdel.ago(%(rebalance)s), true)
  AND EXISTS (SELECT FROM held WHERE shards < mine.shards - 1
              AND looked > bulkdel.ago(%(idle)s)
              AND (room >= youngest.qps OR shards = 0))
RETURNING youngest.name
"""
SLICES: Final = """
SELECT slice_of, target_qps, epoch, name, owner IS NOT NULL, owner IS NOT DISTINCT FROM %(me)s,
       share, used, let_go > bulkdel.ago(%(second)s)
FROM bulkdel.shard WHERE run_id = %(run)s AND slice_of IN
    (SELECT slice_of FROM bulkdel.shard WHERE owner = %(me)s AND slice_of <> '')
ORDER BY slice_of, name
"""
SHARE: Final = """
UPDATE bulkdel.shard SET share = %(share)s, used = %(used)s
WHERE run_id = %(run)s AND name = %(name)s AND owner = %(me)s
"""

PAUSE: Final = "UPDATE bulkdel.run SET paused_by = %(by)s WHERE run_id = %(run)s"
SLOW_TO: Final = """
UPDATE bulkdel.run SET rates = jsonb_set(rates, ARRAY[%(target)s], to_jsonb(%(qps)s::float8))
WHERE run_id = %(run)s
"""
FULL_RATE: Final = "UPDATE bulkdel.run SET rates = rates - %(target)s WHERE run_id = %(run)s"
OWNERS: Final = """
SELECT count(*), coalesce(max(lease_s), 0) FROM bulkdel.session
WHERE run_id = %(run)s AND expires > bulkdel.moment()
"""
