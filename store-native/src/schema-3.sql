-- States that programs keep of executions by hand, by the id of the execution. It need not be one of the table.
create table states (
  id text not null primary key,
  -- Of the content: who writes names the one that is replaced.
  hash text not null,
  content text not null
) strict;
