delete from auth.browser_session
