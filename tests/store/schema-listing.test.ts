import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { listSchema } from '../../server/src/store/schema-listing.ts'
import { testDatabase } from '../support/database.ts'

const LISTING = new URL('../../docs/schema.txt', import.meta.url)

// After a change of the migrations: STANDDOWN_WRITE_SCHEMA=1 npm test -- tests/store/schema-listing
const write = process.env.STANDDOWN_WRITE_SCHEMA === '1'

test('docs/schema.txt is the schema that the migrations make, on every PostgreSQL', async () => {
  await using own = await testDatabase()
  const listing = await listSchema(own.db)
  if (write) writeFileSync(LISTING, listing)
  assert.equal(
    listing,
    readFileSync(LISTING, 'utf8'),
    'run: STANDDOWN_WRITE_SCHEMA=1 npm test -- tests/store/schema-listing',
  )
})

test('the listing shows everything that a migration can make', async () => {
  await using own = await testDatabase({ empty: true })
  for (const text of [
    'create schema zoo',
    `create type zoo.mood as enum ('calm', 'wild')`,
    'create domain zoo.weight as numeric(6, 2) check (value > 0)',
    'create sequence zoo.number start 5 increment 10 cache 1',
    `create table zoo.animal (
       id bigint generated always as identity primary key,
       number bigint not null default nextval('zoo.number'),
       name text not null unique,
       mood zoo.mood[],
       weight zoo.weight,
       shout text generated always as (upper(name)) stored,
       check (name <> '')
     ) with (fillfactor = 85)`,
    'create unlogged table zoo.visit (animal_id bigint references zoo.animal, at timestamptz(3))',
    `create index visit_recent on zoo.visit (at desc) include (animal_id) where at is not null`,
    'create view zoo.heavy as select id from zoo.animal where weight > 100',
    `create function zoo.touch() returns trigger language plpgsql as $$ begin return new; end $$`,
    'create trigger touched before update on zoo.animal for each row execute function zoo.touch()',
  ]) {
    await own.db.query({ text })
  }
  assert.equal(
    await listSchema(own.db, ['zoo']),
    `schema zoo

sequence zoo.animal_id_seq bigint start 1 increment 1 cache 1
sequence zoo.number bigint start 5 increment 10 cache 1
type zoo.mood enum ('calm', 'wild')
type zoo.weight domain numeric(6,2) CHECK ((VALUE > (0)::numeric))

table zoo.animal with (fillfactor=85)
  id bigint not null generated always as identity
  number bigint not null default nextval('zoo.number'::regclass)
  name text not null
  mood zoo.mood[]
  weight zoo.weight
  shout text generated always as (upper(name)) stored
  constraint animal_pkey PRIMARY KEY (id)
  constraint animal_name_check CHECK ((name <> ''::text))
  constraint animal_name_key UNIQUE (name)
  CREATE TRIGGER touched BEFORE UPDATE ON zoo.animal FOR EACH ROW EXECUTE FUNCTION zoo.touch()

view zoo.heavy
  id bigint

unlogged table zoo.visit
  animal_id bigint
  at timestamp(3) with time zone
  constraint visit_animal_id_fkey FOREIGN KEY (animal_id) REFERENCES zoo.animal(id)
  CREATE INDEX visit_recent ON zoo.visit USING btree (at DESC) INCLUDE (animal_id) WHERE (at IS NOT NULL)

CREATE OR REPLACE FUNCTION zoo.touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin return new; end $function$
`,
  )
})
