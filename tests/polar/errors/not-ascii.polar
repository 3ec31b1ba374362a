# Größe — 💯
allow("💯💯💯", "read" _: Repo);
