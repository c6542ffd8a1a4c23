-- Inserts pending effects. The due time is an instant of the tenant's clock, or milliseconds after now. The caller has locked the
-- sandbox tenants (lock-tenants.sql). The retry settings of the tenant, and of the app that announced the event, are written into the
-- effect now; where nobody has set any, its kind's own plan applies. $1 now; then by position: shard, id, event, notice_of, instant, after ms,
-- max_attempts, keep, touches_world, tenant, kind, event kind, lane, title, next, data, retry settings.
insert into engine.effect
  (shard, id, event_id, notice_of, due_at, due_shown, max_attempts, keep, touches_world, tenant, kind, event_kind, lane, title, next, data,
   retry_plan)
select n.shard, n.id, n.event_id, n.notice_of, n.due, n.due + n.ahead, coalesce((n.retry ->> 'attempts')::smallint, n.max_attempts), n.keep,
  n.touches_world, n.tenant, n.kind, n.event_kind, n.lane, n.title, n.next::text[], n.data::json, n.retry::text
from (
  select r.*, coalesce(t.clock_offset, '0') as ahead,
    case when p.retries is null then r.retry_settings::jsonb
      else nullif(p.retries || coalesce(r.retry_settings::jsonb, '{}'), '{}') end as retry,
    coalesce(r.instant - coalesce(t.clock_offset, '0'),
      coalesce($1::timestamptz, clock_timestamp()) + r.after_ms * interval '1 millisecond') as due
  from (select unnest($2::smallint[]) as shard, unnest($3::uuid[]) as id, unnest($4::uuid[]) as event_id, unnest($5::uuid[]) as notice_of,
      unnest($6::timestamptz[]) as instant, unnest($7::double precision[]) as after_ms, unnest($8::smallint[]) as max_attempts,
      unnest($9::boolean[]) as keep, unnest($10::boolean[]) as touches_world, unnest($11::text[]) as tenant, unnest($12::text[]) as kind,
      unnest($13::text[]) as event_kind, unnest($14::text[]) as lane, unnest($15::text[]) as title, unnest($16::text[]) as next,
      unnest($17::text[]) as data, unnest($18::text[]) as retry_settings) r
  left join engine.tenant t on t.id = r.tenant and t.sandbox
  left join lateral (
    select coalesce(p.retry_plans -> r.kind, '{}')
      || coalesce(p.retry_plans -> ((select e.app from engine.event e where e.id = r.event_id) || ' ' || r.kind), '{}') as retries
    from engine.tenant p where p.id = r.tenant and p.retry_plans is not null) p on true
) n
