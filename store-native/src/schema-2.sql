-- Flows by id. One that was deleted keeps its row and its versions until they are pruned.
create table flows (
  key integer primary key,
  id text not null unique,
  -- The number of the current version.
  version integer not null,
  -- What lists show of it, as JSON.
  item text not null,
  deleted_at real
) strict;

create table flow_versions (
  flow integer not null,
  version integer not null,
  -- Of the content, without the times of saves.
  hash text not null,
  document integer not null,
  saved_at real not null,
  primary key (flow, version)
) strict, without rowid;

create index flow_versions_by_document on flow_versions (document);

create table cached_outputs (
  key text not null unique,
  node_type text not null,
  execution_id text not null,
  node_id text not null,
  stored_at real not null,
  expires_at real,
  -- Increases with each use of any entry.
  used integer not null,
  output blob not null
) strict;

create index cached_outputs_by_use on cached_outputs (used);
create index cached_outputs_by_type on cached_outputs (node_type);
create index cached_outputs_by_expiry on cached_outputs (expires_at) where expires_at is not null;

-- One row: how many entries there are, and the bytes of their outputs.
create table cache_size (
  entries integer not null,
  bytes integer not null
) strict;

insert into cache_size values (0, 0);
