create table owners (
  key integer primary key,
  -- The name of its lock file.
  id text not null unique,
  -- 1 once its lock was found to be free, or given back.
  gone integer not null default 0
) strict;

create table documents (
  key integer primary key,
  hash text not null unique,
  document text not null
) strict;

create table executions (
  -- When it started in whole ms, times 2^20, and the order in which those of one ms began. So each index has them in the
  -- order of lists, and a time is a range of keys.
  key integer primary key,
  id text not null unique,
  flow_id text not null,
  name text not null,
  document integer not null,
  parent_id text,
  "trigger" text not null,
  -- A list in JSON; nothing where there are none.
  tags text,
  started_at real not null,
  status integer not null,
  epoch integer not null,
  owner integer,
  updated_at real not null,
  ended_at real,
  wake_at real,
  reason text,
  error text,
  summary text,
  head_bytes integer not null
) strict;

create index executions_by_status on executions (status);
create index executions_by_flow on executions (flow_id, status);
create index executions_by_parent on executions (parent_id, status) where parent_id is not null;
create index executions_by_document on executions (document);
-- Those that are not over: what can be claimed has no owner, or one that is gone.
create index executions_by_owner on executions (owner, status) where status < 6;
create index sleeping_executions on executions (owner, wake_at) where status = 2;

create table tags (
  tag text not null,
  status integer not null,
  execution integer not null,
  primary key (tag, status, execution)
) strict, without rowid;

create table heads (
  execution integer primary key,
  head blob not null
) strict;

create table records (
  execution integer not null,
  sequence integer not null,
  epoch integer not null,
  -- Bytes of this record and those before it, with their blobs: so that appending writes nothing but the record.
  total integer not null,
  journal blob not null,
  contents blob not null,
  primary key (execution, sequence)
) strict, without rowid;

create table blobs (
  key integer primary key,
  hash text not null unique,
  content blob not null
) strict;

create table blob_uses (
  execution integer not null,
  blob integer not null,
  primary key (execution, blob)
) strict, without rowid;

create index blob_uses_by_blob on blob_uses (blob);

-- Three characters each of id, flow id, name and error, by key of the execution: for text anywhere in them.
create virtual table search using fts5 (
  words, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram'
);

-- The words of the index, for texts that are shorter than three characters.
create virtual table search_words using fts5vocab(search, row);

-- Executions that the index above does not have yet, or not as they are.
create table unindexed (
  execution integer primary key
) strict;
