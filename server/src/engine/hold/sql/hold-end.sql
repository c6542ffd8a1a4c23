-- Locks: hold.
delete from engine.hold returning since
