select id, master_key, demo from auth.installation
