-- Needs 300 kB of disk for a moment: that is more than work_mem of the reserve, so PostgreSQL writes it to a file beside the tables. An
-- update of one row would find room on an existing page, even on a full disk.
with kept as materialized (select repeat('x', 1000) || n as text from generate_series(1, 300) as n)
select sum(length(k.text)) from kept k
