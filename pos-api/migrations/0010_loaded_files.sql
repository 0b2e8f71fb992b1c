-- Files of purchases of which every row is recorded, by their content: such a file is not read again.
create table loaded_files (
  sha256    bytea primary key check (length(sha256) = 32),
  name      text not null,
  row_count bigint not null check (row_count >= 0),
  loaded_at timestamptz(3) not null default clock_timestamp()
);

-- What else the row of a file said of its purchase, by column, in the words of the file. It may name a person.
create table purchase_columns (
  purchase_id uuid primary key,
  columns     jsonb not null
);
