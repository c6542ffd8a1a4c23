delete from auth.sign_in_link
