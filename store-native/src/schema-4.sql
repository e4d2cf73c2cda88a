-- Small texts of an installation by collection and id: states that programs keep of executions by hand, users, secrets and others.
create table entries (
  collection text not null,
  id text not null,
  -- Of the content: who writes names the one that is replaced.
  hash text not null,
  content text not null,
  primary key (collection, id)
) strict;
insert into entries select 'states', id, hash, content from states;
drop table states;
