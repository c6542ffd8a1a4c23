-- The engine's start under which the offer was placed; it is under that one until it ends. Null while it arrives, and for what an
-- earlier version placed.
alter table notifications.offer add start_id uuid;
