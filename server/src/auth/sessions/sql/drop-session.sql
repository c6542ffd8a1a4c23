delete from auth.browser_session where hash = $1 returning true as gone
