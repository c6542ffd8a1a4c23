delete from auth.sign_in_link where expires_at < $1 returning true as gone
