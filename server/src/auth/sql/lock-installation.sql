select id from auth.installation for update
