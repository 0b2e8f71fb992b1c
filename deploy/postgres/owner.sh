#!/bin/sh
# Runs once, when the database is made: the role that owns it. It may make the services' roles and is no superuser.
psql -v ON_ERROR_STOP=1 -U postgres -d postgres <<'END'
\set password `cat /secrets/postgres/owner_password`
create role tillstream login createrole password :'password';
create database tillstream owner tillstream;
END
