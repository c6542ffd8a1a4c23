-- What a report depends on of each trigger, as one text: null for a trigger that is not there. `expected` given: fails (SD003) when one
-- of them is not as it was found before, so that a report is not made from what a workspace file has changed since.
create function {name}(tenants text[], apps text[], keys text[], expected text[]) returns text[]
language plpgsql stable
as $$
declare
  states text[];
begin
  select array_agg(s.state order by s.n) into states
  from (
    select w.n, (
      select concat_ws(chr(10), t.schedule_field, t.retired, (
        select string_agg(concat_ws(' ', a.id, a.revision, a.name), chr(10) order by a.name, a.id)
        from automations.automation a
        where a.tenant = t.tenant and a.app_id = t.app_id and a.trigger_key = t.trigger_key and a.active))
      from automations.trigger t
      where t.tenant = w.tenant and t.app_id = w.app_id and t.trigger_key = w.trigger_key) as state
    from unnest(tenants, apps, keys) with ordinality as w (tenant, app_id, trigger_key, n)
  ) s;
  if expected is not null and states is distinct from expected then
    raise exception using errcode = 'SD003', message = 'a trigger is not as it was found';
  end if;
  return states;
end $$
