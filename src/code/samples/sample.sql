-- A sample whose last lines say what is expected of it.
CREATE TABLE IF NOT EXISTS public.users (
  id integer
);
create or replace function "total"(a int) returns int as $$ select 1 $$;
create unique index by_name on users (name);
-- expect: table users 2-4
-- expect: function total 5-5
-- expect: key by_name 6-6
