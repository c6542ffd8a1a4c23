delete from auth.browser_session where tenant = $1 and person_id = $2
