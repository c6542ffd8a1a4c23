select revision from auth.installation
