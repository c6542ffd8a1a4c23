insert into calendar.message (shard, id, tenant, mailbox_id, folder, meeting_id, kind, sent_at, data)
select * from unnest($1::smallint[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::timestamptz[],
  $9::jsonb[])
on conflict do nothing
