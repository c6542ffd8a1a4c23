-- How long a statement of this transaction waits for a lock. $1 milliseconds, as text.
select set_config('lock_timeout', $1, true)
