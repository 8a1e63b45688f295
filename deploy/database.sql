-- The two roles and the database of Hangji, for psql as a superuser of PostgreSQL 18. It reads the
-- passwords from HANGJI_OWNER_PASSWORD and HANGJI_APPLICATION_PASSWORD in the environment of psql,
-- may be run again, and then sets the passwords anew.
\set ON_ERROR_STOP on
\getenv owner_password HANGJI_OWNER_PASSWORD
\getenv application_password HANGJI_APPLICATION_PASSWORD

SET log_min_error_statement = panic;  -- the server's log must not show the passwords

SELECT format('CREATE ROLE %I', name)
  FROM unnest(ARRAY['hangji_owner', 'hangji_application']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- The owner makes the tables and is used by `hangji migrate` alone.
ALTER ROLE hangji_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
      PASSWORD :'owner_password';
-- The application owns nothing; the migrations grant it what it needs.
ALTER ROLE hangji_application LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
      PASSWORD :'application_password';

SELECT 'CREATE DATABASE hangji OWNER hangji_owner TEMPLATE template0 ENCODING ''UTF8'''
       ' LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'' LOCALE ''C.UTF-8'''
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'hangji') \gexec
