-- Needs 300 kB of disk for a moment: more than is kept in memory (work_mem of the reserve), so it goes to a file beside the tables. An
-- update of a row alone would find room on a page that is there, on the fullest disk.
with kept as materialized (select repeat('x', 1000) || n as text from generate_series(1, 300) as n)
select sum(length(k.text)) from kept k
