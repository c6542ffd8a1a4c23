update auth.installation set revision = revision + 1
