update auth.installation set demo = false, revision = revision + 1 where demo
