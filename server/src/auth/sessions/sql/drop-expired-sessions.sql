delete from auth.browser_session where expires_at < $1 returning true as gone
