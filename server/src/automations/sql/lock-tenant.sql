-- Two applies of one tenant run one after the other.
select pg_advisory_xact_lock(hashtext('automations.apply'), hashtext($1))
